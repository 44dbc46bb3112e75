/** The workqueue of the pool models: its flags, and how many Workers they mean. */
import {
  type WorkerOptions,
  type WorkerPools,
  type Workqueue,
  WQ_UNBOUND,
} from "../workqueue/mod.ts";
import type { ThreadReport } from "./running_server.ts";

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

/** What each Worker of `queue` did, its rescuer included. */
export function workReports(pools: WorkerPools, queue: Workqueue): ThreadReport[] {
  const { rescuerStats } = queue;
  const rows = rescuerStats === null ? pools.stats : [...pools.stats, rescuerStats];
  return rows.map((work) => ({ name: work.name, work }));
}
