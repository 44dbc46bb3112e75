/**
 * A workqueue over Web Workers, with the kernel's terms: see docs/workqueue.md. The modules from
 * the outside in: `queue_work.ts` (the calls), `workqueue.ts` (queues), `worker_pool.ts` (who runs
 * what), `owner_end.ts` and `worker_end.ts` (both ends of a Worker), `messages.ts` (between them).
 *
 * A Worker's entry imports `run_work.ts` alone.
 */
export type { Clock } from "./clock.ts";
export type { Clock as SystemClock, TimerId } from "../../system/clock.ts";
export * from "./flags.ts";
export type { WorkerOptions } from "./pool_options.ts";
export * from "./queue_work.ts";
export { DescriptorReserve, WORKER_DESCRIPTORS } from "./reserve.ts";
export { type QueueStats, Work, type WorkCallbacks, WorkError } from "./work.ts";
export { WorkerPools } from "./worker_pools.ts";
export type { WorkerPlace, WorkerStats } from "./worker_stats.ts";
export {
  freezeWorkqueues,
  thawWorkqueues,
  type Workqueue,
  type WorkqueueOptions,
} from "./workqueue.ts";
