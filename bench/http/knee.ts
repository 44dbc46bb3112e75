/** The knee of a sweep: the load beyond which throughput hardly grows. */

/** A step of a sweep. */
export interface LoadStep {
  /** Concurrency, or the rate that was asked for. */
  load: number;
  /** Requests per second that were answered well. */
  throughput: number;
}

/** The share of the best throughput that the knee reaches. */
const ENOUGH = 0.9;

/** The share of an asked rate that counts as kept. */
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
 * The largest rate up to which every step is kept to 95 %. `steps` rise in load.
 *
 * @returns null when all are kept (the knee lies beyond the sweep) or none is
 */
export function rateKnee(steps: readonly LoadStep[]): number | null {
  const lost = steps.findIndex((step) => step.throughput < KEPT * step.load);
  return lost <= 0 ? null : steps[lost - 1].load;
}
