/**
 * Logs system faults, at most one line a second of each kind, since a failing disk fails every
 * request. Faults that are not printed are counted.
 */
import { type Clock, systemClock } from "../../system/clock.ts";

/** Least time between two lines of a kind. */
const INTERVAL_MS = 1000;

/** A log of faults. */
export class FaultLog {
  readonly #print: (lines: string) => void;
  readonly #intervalMs: number;
  readonly #clock: Clock;
  /** Faults suppressed since the last line, by kind, while its interval runs. */
  readonly #leftOut = new Map<string, { count: number; line: string }>();

  /** @param print takes whole lines, each with its line feed */
  constructor(
    print: (lines: string) => void,
    { intervalMs = INTERVAL_MS, clock = systemClock } = {},
  ) {
    this.#print = print;
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  /** Prints `line`, or counts it if another of its `kind` was printed within the last second. */
  report(kind: string, line: string): void {
    const running = this.#leftOut.get(kind);
    if (running !== undefined) {
      running.count++;
      running.line = line;
      return;
    }
    this.#print(line + "\n");
    this.#run(kind);
  }

  #run(kind: string): void {
    this.#leftOut.set(kind, { count: 0, line: "" });
    const timer = this.#clock.setTimeout(() => {
      const { count, line } = this.#leftOut.get(kind)!;
      this.#leftOut.delete(kind);
      if (count === 0) return;
      this.#print(count === 1 ? line + "\n" : `${line} (and ${count - 1} more like it)\n`);
      this.#run(kind);
    }, this.#intervalMs);
    this.#clock.unref(timer);
  }
}
