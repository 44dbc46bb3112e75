/** Judges differences between repeated measurements. */
import { relativeSpread, type Spread } from "./spread.ts";

/** How the first of two measured things compares with the second. */
export type Verdict = "higher" | "lower" | "equal" | "unclear";

/** Medians within this factor of each other count as equal, unless they are too noisy. */
export const EQUAL_RATIO = 1.1;

/** Relative spread from which on a figure is too noisy to be called equal to another. */
export const NOISY_SPREAD = 0.25;

/**
 * Compares two spreads. They are different only when their ranges do not touch and their medians
 * differ by more than {@linkcode EQUAL_RATIO}; otherwise they are about equal, or too noisy to
 * tell.
 *
 * @param measurements number of measurements behind the spread that has fewer: a single one has no
 * range, so its uncertainty is unknown
 */
export function judge(left: Spread, right: Spread, measurements: number): Verdict {
  if (measurements < 2) return "unclear";
  const ratio = left.median / right.median;
  const isFar = ratio > EQUAL_RATIO || ratio < 1 / EQUAL_RATIO;
  if (isFar && left.low > right.high) return "higher";
  if (isFar && left.high < right.low) return "lower";
  const isQuiet = Math.max(relativeSpread(left), relativeSpread(right)) <= NOISY_SPREAD;
  return left.median === right.median || (!isFar && isQuiet) ? "equal" : "unclear";
}
