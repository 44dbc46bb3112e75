/** The knee of a sweep: the load beyond which throughput hardly grows. */

/** A step of a sweep. */
export interface LoadStep {
  /** Concurrency, or the rate that was asked for. */
  load: number;
  /** Successful requests per second. */
  throughput: number;
}

/** The share of the best throughput that the knee reaches. */
const ENOUGH = 0.9;

/** The share of a requested rate that counts as reached. */
const KEPT = 0.95;

/**
 * The smallest load that reaches 90 % of the best throughput. Beyond it, more connections mostly
 * add latency. `steps` rise in load.
 *
 * @returns null when that is the largest load: the knee lies beyond the sweep
 */
export function concurrencyKnee(steps: readonly LoadStep[]): number | null {
  const best = Math.max(...steps.map((step) => step.throughput));
  if (!(best > 0)) return null;
  const knee = steps.findIndex((step) => step.throughput >= ENOUGH * best);
  return knee === steps.length - 1 ? null : steps[knee].load;
}

/**
 * The largest rate up to which every step reaches 95 % of its rate. `steps` are in ascending order.
 *
 * @returns null when all reach it (the knee lies beyond the sweep) or the first does not
 */
export function rateKnee(steps: readonly LoadStep[]): number | null {
  const lost = steps.findIndex((step) => step.throughput < KEPT * step.load);
  return lost <= 0 ? null : steps[lost - 1].load;
}
