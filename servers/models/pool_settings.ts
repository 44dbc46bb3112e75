/** The workqueue of the pool models: its flags, and how many Workers they mean. */
import { type WorkerOptions, type Workqueue, WQ_UNBOUND } from "../workqueue/mod.ts";
import type { QueueSample, ThreadSample } from "./server_sample.ts";
import { type SleepsInWork, type ThreadWatch, watchedWorkers } from "./thread_watch.ts";

/** The default of `--wq-flags`: any idle Worker takes an item. */
export const DEFAULT_WQ_FLAGS = WQ_UNBOUND;

/**
 * How many Workers a pool may have, so that all pools of a queue with `flags` have `maxWorkers` in
 * all. A bound queue has a pool for each core.
 */
export function workersPerPool(
  maxWorkers: number,
  flags: number,
): Pick<WorkerOptions, "cpus" | "maxWorkers"> {
  if ((flags & WQ_UNBOUND) !== 0) return { maxWorkers };
  const cpus = Math.min(navigator.hardwareConcurrency, maxWorkers);
  return { cpus, maxWorkers: Math.floor(maxWorkers / cpus) };
}

/** What each Worker of `queue` did and does, its rescuer included. */
export function workSamples(
  { places }: Workqueue,
  watch: ThreadWatch | undefined,
  sleepsInWork: SleepsInWork,
): ThreadSample[] {
  const watched = watchedWorkers(watch, places, sleepsInWork);
  return places.map(({ stats }, i) => ({ name: stats.name, ...watched[i], work: stats }));
}

/** What `queue` holds. */
export function queueSample({ waiting, active, maxActive }: Workqueue): QueueSample {
  return { waiting, active, maxActive };
}
