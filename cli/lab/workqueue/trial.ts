/** A trial of the workqueue: its pools, queues and items, all of which end with it. */
import {
  allocWorkqueue,
  destroyWorkqueue,
  queueWork,
  queueWorkOn,
  Work,
  type WorkerOptions,
  WorkerPools,
  type Workqueue,
  type WorkqueueOptions,
} from "../../../servers/workqueue/mod.ts";
import { newState, type Spending } from "./trial_state.ts";

/** CPUs that the pools of a trial serve: the same on every machine, so that figures can be compared. */
export const CPUS = 2;

/** Items sleep for this time, in ms: long enough for a pool to create Workers for those that wait. */
const WARM_UP_MS = 20;
/** The most attempts until each of the Workers has run an item. */
const WARM_UPS = 50;

/** An item and what becomes of it. */
export interface Item {
  work: Work;
  /** Microseconds from the call that queued it to its end. @throws {WorkError} when it fails */
  ended: Promise<number>;
}

/** A trial. */
export class Trial implements AsyncDisposable {
  /** What its items share. */
  readonly state = newState();
  readonly #pools = new Set<WorkerPools>();
  readonly #queues: Workqueue[] = [];
  #nextId = 0;

  /** Pools that share nothing with those of other calls. */
  pools(options: Partial<WorkerOptions> = {}): WorkerPools {
    const entry = new URL("./trial_worker.ts", import.meta.url);
    const pools = new WorkerPools({ entry, cpus: CPUS, init: this.state, ...options });
    this.#pools.add(pools);
    return pools;
  }

  /** A queue. */
  queue(name: string, options: WorkqueueOptions): Workqueue {
    return this.adopt(allocWorkqueue(name, options));
  }

  /** Destroys `queue` at the end of the trial. */
  adopt(queue: Workqueue): Workqueue {
    this.#queues.push(queue);
    return queue;
  }

  /** An item to be queued. Items have ids in the order in which they were made. */
  item(kind: Spending["kind"], ms: number, onResult?: () => void): Item {
    const startMs = performance.now();
    const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
    // A trial that ends early does not wait for all of its items.
    ended.catch(() => {});
    const work = new Work("spend", { id: this.#nextId++, kind, ms } satisfies Spending, {
      onResult: () => {
        resolve((performance.now() - startMs) * 1000);
        onResult?.();
      },
      onError: reject,
    });
    return { work, ended };
  }

  /** Queues an item, on core `cpu` where the queue is bound. */
  add(queue: Workqueue, kind: Spending["kind"], ms: number, cpu?: number): Item {
    const item = this.item(kind, ms);
    if (cpu === undefined) queueWork(queue, item.work);
    else queueWorkOn(cpu, queue, item.work);
    return item;
  }

  /** Queues `count` items. @returns microseconds from queueing to the end of each */
  async run(queue: Workqueue, kind: Spending["kind"], ms: number, count: number) {
    const items = Array.from({ length: count }, () => this.add(queue, kind, ms));
    return await Promise.all(items.map(({ ended }) => ended));
  }

  /**
   * Creates `workers` Workers for `queue`, spread evenly over its cores, which then wait for items.
   * On a machine that is too busy it gives up, and the trial has fewer.
   */
  async warmUp(queue: Workqueue, workers: number): Promise<void> {
    const before = workersThatRan(queue.pools);
    for (let i = 0; i < WARM_UPS && workersThatRan(queue.pools) - before < workers; i++) {
      const items = Array.from(
        { length: workers },
        (_, i) => this.add(queue, "sleep", WARM_UP_MS, i % CPUS),
      );
      await Promise.all(items.map(({ ended }) => ended));
    }
    this.state.fill(0);
    this.#nextId = 0;
  }

  /** How many Workers its pools have created. */
  get threads(): number {
    return [...this.#pools].flatMap(({ stats }) => stats)
      .reduce((sum, { created }) => sum + created, 0);
  }

  /** Ends all queues, and with them the Workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#queues.map(destroyWorkqueue));
  }
}

function workersThatRan(pools: WorkerPools): number {
  return pools.stats.filter(({ items }) => items > 0).length;
}

/** Microseconds that `work` takes, from its call to its end. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) * 1000;
}
