/** Times competitors in turns, so that a slow phase of the machine affects all of them. */
import { type Spread, spreadOf } from "../../../bench/stats/spread.ts";

/** Something that can be repeated. */
export interface Competitor {
  run(times: number): void;
}

/** How long and how often to measure. */
export interface AlternateOptions {
  /** At least 5. */
  repeats: number;
  /** Length of one measurement. */
  sampleMs: number;
}

/**
 * Measures each of `competitors` `repeats` times in turns, each turn in the reverse order of the
 * one before, after warming up.
 *
 * @returns the nanoseconds of one run for each, in the same order
 */
export function alternate(
  competitors: readonly Competitor[],
  { repeats, sampleMs }: AlternateOptions,
): Spread[] {
  const entries = competitors.map((competitor) => ({
    competitor,
    times: timesFor(competitor, sampleMs),
    foundNs: [] as number[],
  }));
  for (let turn = 0; turn < repeats; ++turn) {
    for (const { competitor, times, foundNs } of turn % 2 === 0 ? entries : entries.toReversed()) {
      foundNs.push(measureMs(competitor, times) * 1e6 / times);
    }
  }
  return entries.map(({ foundNs }) => spreadOf(foundNs)!);
}

/** How many runs take about `sampleMs`, found by doubling; warms up on the way. */
function timesFor(competitor: Competitor, sampleMs: number): number {
  for (let times = 1024;; times *= 2) {
    const tookMs = measureMs(competitor, times);
    if (tookMs >= sampleMs) return Math.max(1, Math.round(times * sampleMs / tookMs));
  }
}

function measureMs(competitor: Competitor, times: number): number {
  const startMs = performance.now();
  competitor.run(times);
  return performance.now() - startMs;
}
