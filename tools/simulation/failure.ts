/** What a simulation finds wrong. */
export class Wrong extends Error {
  override name = "Wrong";
}

/** @throws {Wrong} saying `what`, unless `condition` holds */
export function hold(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new Wrong(typeof what === "string" ? what : what());
}
