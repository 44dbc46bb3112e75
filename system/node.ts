/**
 * Modules of Node's that are loaded when they are first used. Each brings up to a hundred others: an
 * import of `node:fs` is 12 ms of the start of each thread, which a listing has no use for.
 */

let fs: typeof import("node:fs") | undefined;
let crypto: typeof import("node:crypto") | undefined;

/** `node:fs`. */
export function nodeFs(): typeof import("node:fs") {
  // deno-lint-ignore no-process-global
  return fs ??= process.getBuiltinModule("node:fs");
}

/** `node:crypto`. */
export function nodeCrypto(): typeof import("node:crypto") {
  // deno-lint-ignore no-process-global
  return crypto ??= process.getBuiltinModule("node:crypto");
}
