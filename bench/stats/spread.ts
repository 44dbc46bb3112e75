/** The median and range of repeated measurements of one figure. */

/** The spread of a few measurements. */
export interface Spread {
  /** The median. */
  median: number;
  /** The lowest value. */
  low: number;
  /** The highest value. */
  high: number;
}

/**
 * The median and the range of `values`; null when there are none. For the few repetitions of an
 * experiment, the range tells more than a standard deviation.
 */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1)! };
}

/**
 * The median of `values`; for an even number, the mean of the middle two; NaN if there are none.
 */
export function median(values: readonly number[]): number {
  return spreadOf(values)?.median ?? NaN;
}

/** Half of the range relative to the median: the `±` of a figure; 0 if the median is 0. */
export function relativeSpread({ median, low, high }: Spread): number {
  return median === 0 ? 0 : (high - low) / 2 / Math.abs(median);
}
