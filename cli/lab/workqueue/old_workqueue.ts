/**
 * The kernel's workqueues before 2.6.36, out of the present ones: a queue has threads of its own, one
 * in all or one for each CPU, and each of them runs its items one after the other to their ends.
 */
import { type Workqueue, WQ_UNBOUND } from "../../../servers/workqueue/mod.ts";
import type { Trial } from "./trial.ts";

/** Pools that no other queue shares, and that do not grow when an item sleeps. */
const OWN_THREADS = { maxWorkers: 1 };

/** `create_workqueue()`: a thread for each CPU. */
export function createWorkqueue(trial: Trial, name: string): Workqueue {
  return trial.queue(name, { pools: trial.pools(OWN_THREADS) });
}

/** `create_singlethread_workqueue()`: one thread, whichever CPU queues. */
export function createSinglethreadWorkqueue(trial: Trial, name: string): Workqueue {
  const pools = trial.pools(OWN_THREADS);
  return trial.queue(name, { flags: WQ_UNBOUND, maxActive: 1, pools });
}
