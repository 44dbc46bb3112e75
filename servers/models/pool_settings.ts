/** The workqueue of the pool models: its flags, and its number of Workers. */
import { type WorkerOptions, type Workqueue, WQ_UNBOUND } from "../workqueue/mod.ts";
import type { QueueSample, ThreadSample } from "./server_sample.ts";
import { type SleepsInWork, type ThreadWatch, watchedWorkers } from "./thread_watch.ts";

/** The default of `--wq-flags`: any idle Worker may take an item. */
export const DEFAULT_WQ_FLAGS = WQ_UNBOUND;

/**
 * How many Workers each pool may have, so that the pools of a queue with `flags` have `maxWorkers`
 * in all. A bound queue has one pool per CPU.
 */
export function workersPerPool(
  maxWorkers: number,
  flags: number,
): Pick<WorkerOptions, "cpus" | "maxWorkers"> {
  if ((flags & WQ_UNBOUND) !== 0) return { maxWorkers };
  const cpus = Math.min(navigator.hardwareConcurrency, maxWorkers);
  return { cpus, maxWorkers: Math.floor(maxWorkers / cpus) };
}

/** Samples of the Workers of `queue`, including its rescuer. */
export function workSamples(
  { places }: Workqueue,
  watch: ThreadWatch | undefined,
  sleepsInWork: SleepsInWork,
): ThreadSample[] {
  const watched = watchedWorkers(watch, places, sleepsInWork);
  return places.map(({ stats }, i) => ({ name: stats.name, ...watched[i], work: stats }));
}

/** A sample of `queue`. */
export function queueSample({ waiting, active, maxActive }: Workqueue): QueueSample {
  return { waiting, active, maxActive };
}
