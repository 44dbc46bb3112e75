/** Why requests failed: reasons in words, how often each occurred, and where it occurred first. */
import type { HttpFault } from "../result.ts";
import type { Fault } from "./error_kind.ts";

/**
 * Most different reasons; this only limits varying messages of the system, which then count as one.
 */
const MAX_REASONS = 64;
const OTHER = "other reasons";

/** The faults of one thread. Each failure is counted once. */
export class FaultCounts {
  readonly #faults = new Map<string, HttpFault>();

  /**
   * Counts `count` failures.
   *
   * @param example tells where it happened; called for the first of its kind and reason
   */
  add({ kind, reason }: Fault, count: number, example: () => string): void {
    let key = `${kind} ${reason}`;
    let fault = this.#faults.get(key);
    if (fault === undefined && this.#faults.size >= MAX_REASONS) {
      reason = OTHER;
      key = `${kind} ${reason}`;
      fault = this.#faults.get(key);
    }
    if (fault === undefined) {
      this.#faults.set(key, { kind, reason, count, example: example() });
    } else fault.count += count;
  }

  /** The faults so far. */
  list(): HttpFault[] {
    return [...this.#faults.values()];
  }
}

/** Adds up the faults of several threads: the most frequent first. */
export function sumFaults(lists: readonly (readonly HttpFault[])[]): HttpFault[] {
  const sum = new FaultCounts();
  for (const fault of lists.flat()) sum.add(fault, fault.count, () => fault.example);
  return sum.list().sort((a, b) => b.count - a.count);
}

/** Bytes that a peer sent, as printable text of one line. */
export function printable(bytes: Uint8Array): string {
  const escapes: Record<number, string> = { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" };
  return Array.from(bytes, (byte) => {
    if (escapes[byte]) return escapes[byte];
    const isText = byte >= 0x20 && byte < 0x7f;
    return isText ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}
