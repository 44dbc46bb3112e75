/** `--start-at TIME`: when the clients of several machines start together. */
import { InvalidArgumentError, Option } from "commander";
import { formatInstant, parseInstant } from "../../system/instant.ts";
import { formatLatency } from "../../system/units.ts";
import { printNote } from "./output.ts";

/** How to write a time; every POSIX shell can do the second. */
const EXAMPLES = "2030-01-31T12:00:00Z or @$(($(date +%s) + 20))";

/** A start that is farther away is taken for a mistake, such as milliseconds for seconds. */
const MAX_WAIT_MS = 24 * 3.6e6;

/** A start that is later than this, in ms, is reported: the threads were not ready, or had no CPU. */
const LATE_MS = 10;

/** The option; its value is in ms since the epoch. */
export function startAtOption(what: string): Option {
  return new Option("--start-at <time>", `when ${what}: RFC 3339, or @ and seconds of date +%s`)
    .argParser((text) => parseStartAt(text, Date.now()));
}

/**
 * Parses `2030-01-31T12:00:00Z` or `@1896091200` to milliseconds since the epoch.
 *
 * @param nowMs the present time, which it must be after
 * @throws {InvalidArgumentError} when it is no time, a past one, or more than a day ahead
 */
export function parseStartAt(text: string, nowMs: number): number {
  const seconds = /^@(\d{1,15}(?:\.\d{1,6})?)$/.exec(text)?.[1];
  const atMs = seconds === undefined ? parseInstant(text) : Number(seconds) * 1000;
  if (atMs === null) {
    throw new InvalidArgumentError(`Not a time with its offset from UTC; write ${EXAMPLES}.`);
  }
  const leftMs = atMs - nowMs;
  if (leftMs <= 0) {
    throw new InvalidArgumentError(
      `It is ${distance(-leftMs)} ago (now: ${formatInstant(nowMs)}); write a future time, ` +
        `such as @$(($(date +%s) + 20)).`,
    );
  }
  if (leftMs > MAX_WAIT_MS) {
    throw new InvalidArgumentError(
      `It is ${distance(leftMs)} ahead (now: ${formatInstant(nowMs)}); at most a day is possible.`,
    );
  }
  return atMs;
}

/** Says on stderr when a run that was to start at `startAtMs` started at `startedMs`, too late. */
export function noteLateStart(
  command: string,
  startAtMs: number | undefined,
  startedMs: number | null,
): void {
  if (startAtMs === undefined || startedMs === null || startedMs - startAtMs <= LATE_MS) return;
  const late = formatLatency((startedMs - startAtMs) * 1000);
  printNote(
    `ktcp ${command}: started ${late} after --start-at ${formatInstant(startAtMs)}: ` +
      "threads and warm-up were not ready; write a later time",
  );
}

function distance(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 60)} minutes`;
  return `${Math.round(seconds / 86_400)} days`;
}
