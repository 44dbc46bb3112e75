/** Round numbers for axes. */

/** The least of 1, 2, 5, 10, 20, … (times any power of ten) that is at least `value`. */
export function niceCeiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10;
  // 0.1 and its like are not exact: 3 * 0.1 is not 0.3.
  return Number((step * power).toPrecision(12));
}

/** Ticks from 0 to `max`, at most `most` steps apart from each other by a round number. */
export function linearTicks(max: number, most: number): number[] {
  const step = niceCeiling(max / most);
  const count = Math.floor(max / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Powers of ten from that at or below `least` to that at or above `most`, a decade at least. */
export function decades(least: number, most: number): { from: number; to: number } {
  const from = Math.floor(Math.log10(least) + 1e-9);
  const to = Math.max(from + 1, Math.ceil(Math.log10(most) - 1e-9));
  return { from, to };
}
