/**
 * The buckets of an HdrHistogram of three significant digits: of width 1 up to 2048, and from there on
 * 1024 of them for each doubling of the values, so that none is wider than a thousandth of its values.
 */

/** A bucket that is not empty: values from `low` to `high`, both included. */
export interface Bucket {
  low: number;
  high: number;
  count: number;
}

/** Buckets of one width; there are twice as many of width 1. */
const HALF = 1024;
const HALF_LOG2 = 10;

/** Bits that are cut off values that 32 bits do not hold. */
const CUT_BITS = 11;

/** The number of the bucket of `value`, an integer from 0 to 2^42. */
export function bucketOf(value: number): number {
  if (value >= 2 ** 31) return CUT_BITS * HALF + bucketOf(Math.floor(value / 2 ** CUT_BITS));
  // So many of its bits lie below the eleven that count.
  const shift = Math.max(0, 31 - HALF_LOG2 - Math.clz32(value));
  return shift * HALF + (value >>> shift);
}

/** The values of bucket number `index`. */
export function rangeOf(index: number): { low: number; high: number } {
  if (index < 2 * HALF) return { low: index, high: index };
  const width = 2 ** (Math.floor(index / HALF) - 1);
  const low = (index % HALF + HALF) * width;
  return { low, high: low + width - 1 };
}
