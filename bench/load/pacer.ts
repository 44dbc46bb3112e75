/**
 * Open-loop load: when each request is due, regardless of earlier ones.
 *
 * Latency is counted from the intended start. A server that stalls for a second then shows that
 * second in every request that should have started meanwhile, where a closed loop, which waits for
 * the answer before it sends again, would show it once (coordinated omission).
 */

/** A schedule of starts. Pure: it does not use a clock. */
export interface Pacer {
  /** When start number `i` (from 0) is due, in microseconds after the start of the run. */
  intendedStartUs(i: number): number;
  /** How many starts there are; absent if there is no end. */
  readonly count?: number;
}

/** Starts at a constant `ratePerSecond` (above 0), the first at once. */
export function constantRate(ratePerSecond: number): Pacer {
  positive(ratePerSecond, "rate");
  // The division comes last, so that rounding is exact: start 30 at 3/s is due at 10 s, not just
  // before.
  return { intendedStartUs: (i) => i * 1e6 / ratePerSecond };
}

/**
 * Starts whose rate grows (or falls) evenly from `fromPerSecond` to `toPerSecond` during `rampUs`
 * microseconds, and stays there. `fromPerSecond` may be 0.
 */
export function ramp(fromPerSecond: number, toPerSecond: number, rampUs: number): Pacer {
  const from = (fromPerSecond === 0 ? 0 : positive(fromPerSecond, "first rate")) / 1e6;
  const to = positive(toPerSecond, "last rate") / 1e6;
  const slope = (to - from) / positive(rampUs, "length of the ramp");
  const startsInRamp = (from + to) / 2 * rampUs;
  return {
    intendedStartUs(i) {
      if (i >= startsInRamp) return rampUs + (i - startsInRamp) / to;
      // After t microseconds, i = from·t + slope·t²/2. Solved for t in the form that neither
      // divides by a slope of 0 nor subtracts nearly equal numbers.
      return 2 * i / (from + Math.sqrt(from * from + 2 * slope * i)) || 0;
    },
  };
}

/** One start at each of `startsUs`, which are in ascending order. */
export function listed(startsUs: ArrayLike<number>): Pacer {
  return { intendedStartUs: (i) => startsUs[i], count: startsUs.length };
}

/**
 * The part of `total` that thread `index` of `threads` starts: every `threads`-th start, so that
 * all of them together keep the total rate and interleave evenly.
 */
export function shareOf(total: Pacer, index: number, threads: number): Pacer {
  return {
    intendedStartUs: (i) => total.intendedStartUs(i * threads + index),
    count: total.count === undefined
      ? undefined
      : Math.max(0, Math.ceil((total.count - index) / threads)),
  };
}

/** How many starts of `pacer` are due before `us`, in microseconds after the beginning of the run. */
export function startsBefore(pacer: Pacer, us: number): number {
  if (!(us > 0)) return 0;
  // Due times never decrease: binary search for the first start that is not due before.
  const all = pacer.count ?? Infinity;
  let above = 1;
  while (above <= all && pacer.intendedStartUs(above - 1) < us) above *= 2;
  let least = Math.floor(above / 2);
  let most = Math.min(above - 1, all);
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (pacer.intendedStartUs(middle) < us) least = middle + 1;
    else most = middle;
  }
  return least;
}

function positive(value: number, what: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`Cannot pace starts: the ${what} is ${value}, and must be above 0`);
}
