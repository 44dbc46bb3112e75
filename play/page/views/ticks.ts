/** Round numbers for axes. */

/** Ends of axes within a decade: close enough to each other to use more than half of a picture. */
const ENDS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** Steps within a decade. */
const STEPS = [1, 2, 5, 10];

/** A round number that is at least `value`, for the end of an axis; 1 if `value` is not positive. */
export function niceCeiling(value: number): number {
  return value > 0 ? roundUp(value, ENDS) : 1;
}

/** Ticks from 0 to `max` at round distances, at most `most` after 0. */
export function linearTicks(max: number, most: number): number[] {
  const step = roundUp(max / most, STEPS);
  const count = Math.floor(max / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => exact(i * step));
}

function roundUp(value: number, numbers: readonly number[]): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const found = numbers.find((number) => number * power >= value * (1 - 1e-9));
  return exact((found ?? 10) * power);
}

/** Removes rounding errors: 3 * 0.1 is not 0.3. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

/** Exponents of the powers of ten around `least` and `most`, at least one decade apart. */
export function decades(least: number, most: number): { from: number; to: number } {
  const from = Math.floor(Math.log10(least) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
  return { from, to };
}
