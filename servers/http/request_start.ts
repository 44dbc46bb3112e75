/**
 * When the head of the current request was complete, for the access log. It is kept in the
 * connection's block, as the thread that answers may be another one than the thread that read the
 * head; for the same reason it is on a clock that threads share.
 */
import type { Core } from "../../core/mod.ts";

const WORD = 2 ** 32;

/** Microseconds since 1970. */
function nowUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** Notes that the head of the request on `conn` is complete. */
export function noteRequestStart(core: Core, conn: number): void {
  const us = nowUs();
  core.setServiceWord(conn, 0, us % WORD);
  core.setServiceWord(conn, 1, Math.floor(us / WORD));
}

/**
 * Takes what was noted.
 *
 * @returns microseconds since 1970; `undefined` when the head is not complete
 */
export function takeRequestStart(core: Core, conn: number): number | undefined {
  const high = core.serviceWord(conn, 1);
  if (high === 0) return undefined;
  core.setServiceWord(conn, 1, 0);
  return high * WORD + core.serviceWord(conn, 0);
}

/** Microseconds since `startUs`; never negative, although the clocks of threads differ a little. */
export function microsecondsSince(startUs: number): number {
  return Math.max(0, nowUs() - startUs);
}
