/** How much counters grow. */

/** Counters as they stood at one time, by name. */
export interface Reading {
  atMs: number;
  counts: Readonly<Record<string, number>>;
}

/** What counters grew by in some time. */
export interface Growth {
  ms: number;
  counts: Record<string, number>;
}

/**
 * What counters grew by between the first and the last of `readings`; null where that is not known.
 *
 * A counter that is less than before has started again at 0, so it grew by its present value. One that
 * was not there before has started at 0, too.
 */
export function growth(readings: readonly (Reading | null)[]): Growth | null {
  const known = readings.filter((reading) => reading !== null);
  if (known.length < 2 || readings.at(-1) === null) return null;
  const ms = known[known.length - 1].atMs - known[0].atMs;
  if (ms <= 0) return null;
  const counts: Record<string, number> = {};
  for (let i = 1; i < known.length; ++i) {
    const before = known[i - 1].counts;
    for (const [name, count] of Object.entries(known[i].counts)) {
      const was = before[name] ?? 0;
      counts[name] = (counts[name] ?? 0) + (count < was ? count : count - was);
    }
  }
  return { ms, counts };
}

/** The growth of all counters together in a second. */
export function perSecond(grown: Growth | null): number | null {
  return grown === null ? null : sumOf(grown.counts) / grown.ms * 1000;
}

/** The sum of a record's values. */
export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
