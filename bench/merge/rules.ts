/**
 * How the values of a field in several documents are merged: a function for each way. All take the
 * values with the names of their documents, and throw {@linkcode MergeError} if they cannot be
 * merged.
 */

/** The value of a field in a document; undefined if it is missing. */
export interface Part {
  /** Name of the document. */
  name: string;
  value: unknown;
}

/** Merges the values of `field`. */
export type Rule = (parts: readonly Part[], field: string) => unknown;

/** Documents that cannot be added up: the message names one, the reason, and what to do. */
export class MergeError extends Error {
  override name = "MergeError";

  constructor(name: string, reason: string) {
    super(`Cannot merge ${name}: ${reason}`);
  }
}

const DAMAGED = "save the run again with --json";

/** The total of a count. */
export const sum: Rule = (parts, field) =>
  parts.reduce((total, part) => total + numberOf(part, field), 0);

/** The total of a count that some machines may lack; null if one does. */
export const sumOfKnown: Rule = (parts, field) =>
  parts.some(({ value }) => value === null) ? null : sum(parts, field);

/** The total of each count in an object. */
export const sumEach = (parts: readonly Part[], field: string) => addEach(parts, field, sum);

/** {@linkcode sumOfKnown} of each count in an object. */
export const sumEachKnown = (parts: readonly Part[], field: string) =>
  addEach(parts, field, sumOfKnown);

/** A parameter that has to be the same in all documents, or the results would not be comparable. */
export const same: Rule = (parts, field) => {
  const [first] = parts;
  for (const { name, value } of parts) {
    if (value !== first.value) {
      throw new MergeError(
        name,
        `its ${field} is ${show(value)}, that of ${first.name} is ${show(first.value)}; ` +
          "merge runs with the same options",
      );
    }
  }
  return first.value;
};

/** The total rate of open loops; null if all are closed loops. */
export const sumOfRates: Rule = (parts, field) => {
  sameLoop(parts.map(({ name, value }) => ({ name, value: value !== null })));
  return sumOfKnown(parts, field);
};

/** The union of lists of strings. */
export const union: Rule = (parts, field) => [
  ...new Set(parts.flatMap((part) => listOf(part, field))),
];

/** The different strings, joined. */
export const joined: Rule = (parts, field) =>
  [...new Set(parts.map((part) => textOf(part, field)))].join(", ");

/** The clients of all runs, renumbered. */
export const clients: Rule = (parts, field) =>
  parts.flatMap((part) => listOf(part, field))
    .map((client, index) => ({ ...objectOf(client), index }));

/** Each limit once, from a machine where it is too low, if there is one. */
export const limits: Rule = (parts, field) => {
  const worst = new Map<unknown, Record<string, unknown>>();
  for (const check of parts.flatMap((part) => listOf(part, field)).map(objectOf)) {
    if (!worst.has(check.name) || worst.get(check.name)!.ok && !check.ok) {
      worst.set(check.name, check);
    }
  }
  return [...worst.values()];
};

/** The faults by kind and reason, the most frequent first, each with its first example. */
export const faults: Rule = (parts, field) => {
  const byReason = new Map<string, Record<string, unknown> & { count: number }>();
  for (const part of parts.filter(({ value }) => value !== undefined)) {
    for (const fault of listOf(part, field).map(objectOf)) {
      const key = JSON.stringify([fault.kind, fault.reason]);
      const count = numberOf({ ...part, value: fault.count }, `${field} count`);
      const known = byReason.get(key);
      if (known) known.count += count;
      else byReason.set(key, { ...fault, count });
    }
  }
  return [...byReason.values()].sort((a, b) => b.count - a.count);
};

/** What open loops were due to send, and sent; `lateUs` is a latency and merged as such. */
export const schedule: Rule = (parts, field) => {
  sameLoop(parts.map(({ name, value }) => ({ name, value: Boolean(value) })));
  if (!parts[0].value) return parts[0].value;
  const counts = parts.map(({ name, value }) => {
    const { ratePerSecond, due, sent, unsent } = objectOf(value);
    return { name, value: { ratePerSecond, due, sent, unsent } };
  });
  return sumEachKnown(counts, field);
};

/** What was in flight at the end of the runs, and how long the last of it took. */
export const window: Rule = (parts, field) => {
  const drains = parts.map(({ name, value }) =>
    numberOf({ name, value: objectOf(value).drainSeconds }, `${field} drainSeconds`)
  );
  return { ...sumEach(parts, field), drainSeconds: Math.max(...drains) };
};

/** What all runs together were asked to do; null for times that differ. */
export const asked: Rule = (parts, field) => {
  const values = parts.map(({ value }) => objectOf(value));
  const common = (key: string) =>
    values.every((value) => value[key] === values[0][key]) ? values[0][key] ?? null : null;
  const { requests, ratePerSecond } = sumEachKnown(parts, field);
  return {
    requests,
    seconds: common("seconds"),
    ratePerSecond,
    rampSeconds: common("rampSeconds"),
    warmupSeconds: common("warmupSeconds"),
  };
};

/** `part` as a count. @throws {MergeError} when it is not one */
export function numberOf({ name, value }: Part, field: string): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new MergeError(name, `its ${field} is ${show(value)} and no number; ${DAMAGED}`);
}

/** `value` as an object; an empty one if it is not an object. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** @throws {MergeError} when some are open loops (the value is true) and others closed ones */
function sameLoop(parts: { name: string; value: boolean }[]): void {
  const [first] = parts;
  const other = parts.find(({ value }) => value !== first.value);
  if (!other) return;
  const loop = (isOpen: boolean) => isOpen ? "with --rate" : "without --rate";
  throw new MergeError(
    other.name,
    `it ran ${loop(other.value)}, ${first.name} ${loop(first.value)}: their latencies count from ` +
      "different times; merge runs with the same options",
  );
}

function addEach(parts: readonly Part[], field: string, rule: Rule): Record<string, unknown> {
  for (const { name, value } of parts) {
    if (typeof value !== "object" || value === null) {
      throw new MergeError(name, `its ${field} is ${show(value)}; ${DAMAGED}`);
    }
  }
  const keys = new Set(parts.flatMap(({ value }) => Object.keys(objectOf(value))));
  return Object.fromEntries([...keys].map((key) => {
    // A kind that never occurred may have no count.
    const counts = parts.map(({ name, value }) => ({ name, value: objectOf(value)[key] ?? 0 }));
    const known = parts.map(({ name, value }, i) =>
      objectOf(value)[key] === null ? { name, value: null } : counts[i]
    );
    return [key, rule(known, `${field} ${key}`)];
  }));
}

function listOf({ name, value }: Part, field: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new MergeError(name, `its ${field} is ${show(value)} and no list; ${DAMAGED}`);
}

function textOf({ name, value }: Part, field: string): string {
  if (typeof value === "string") return value;
  throw new MergeError(name, `its ${field} is ${show(value)} and no text; ${DAMAGED}`);
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value).slice(0, 60);
}
