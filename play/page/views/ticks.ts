/** Round numbers for axes. */

/** Ends of axes within a decade: near enough to each other that a picture is mostly more than half full. */
const ENDS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];

/** Steps within a decade. */
const STEPS = [1, 2, 5, 10];

/** A round number that is at least `value`, for the end of an axis; 1 where there is nothing. */
export function niceCeiling(value: number): number {
  return value > 0 ? roundUp(value, ENDS) : 1;
}

/** Ticks from 0 to `max`, about `most` of them, a round number apart. */
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

/** Takes off what arithmetic leaves: 3 * 0.1 is not 0.3. */
function exact(value: number): number {
  return Number(value.toPrecision(12));
}

/** Powers of ten from that at or below `least` to that at or above `most`, a decade at least. */
export function decades(least: number, most: number): { from: number; to: number } {
  const from = Math.floor(Math.log10(least) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
  return { from, to };
}
