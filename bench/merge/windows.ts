/** The times of runs: how long at least one of them was active, and how long all were at once. */
import { parseInstant } from "../../system/instant.ts";
import type { Window } from "../result.ts";
import { MergeError } from "./rules.ts";

/** The time of a run in milliseconds since the epoch. */
export interface Span {
  startMs: number;
  endMs: number;
}

/** The span of a window of the document `name`; null if it never began. @throws {MergeError} */
export function spanOf({ startedAt, endedAt }: Window, name: string): Span | null {
  if (startedAt === null && endedAt === null) return null;
  const [startMs, endMs] = [startedAt, endedAt].map((at) => parseInstant(String(at)));
  if (startMs !== null && endMs !== null && startMs <= endMs) return { startMs, endMs };
  throw new MergeError(
    name,
    `it is said to have run from ${startedAt} to ${endedAt}; save the run again with --json`,
  );
}

/** How many seconds at least one of `spans` covers. */
export function coveredSeconds(spans: readonly Span[]): number {
  let totalMs = 0;
  let untilMs = -Infinity;
  for (const { startMs, endMs } of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    totalMs += Math.max(0, endMs - Math.max(startMs, untilMs));
    untilMs = Math.max(untilMs, endMs);
  }
  return inSeconds(totalMs);
}

/** How many seconds all of `spans` have in common. */
export function commonSeconds(spans: readonly Span[]): number {
  if (spans.length === 0) return 0;
  const startMs = Math.max(...spans.map((span) => span.startMs));
  const endMs = Math.min(...spans.map((span) => span.endMs));
  return inSeconds(Math.max(0, endMs - startMs));
}

/** Milliseconds as seconds, rounded to microseconds, the resolution of the documents. */
function inSeconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}
