/** Repeated measurements of one figure: the middle, and how far they lie apart. */

/** The spread of a few measurements. */
export interface Spread {
  /** The value in the middle. */
  median: number;
  /** The lowest value. */
  low: number;
  /** The highest value. */
  high: number;
}

/**
 * The median and the range of `values`; null when there are none. With the few repetitions of an
 * experiment the range says more than a standard deviation would.
 */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1)! };
}

/** The middle of `values`, between the two in the middle of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  return spreadOf(values)?.median ?? NaN;
}

/** Half of the range as a part of the median: the `±` of a figure; 0 where the median is 0. */
export function relativeSpread({ median, low, high }: Spread): number {
  return median === 0 ? 0 : (high - low) / 2 / Math.abs(median);
}
