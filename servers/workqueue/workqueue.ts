/**
 * Queues. A queue has no Workers of its own. It limits how many of its items are active in each
 * pool (`maxActive`), and can be flushed, drained, frozen and destroyed.
 */
import { WQ_DFL_ACTIVE, WQ_FREEZABLE, WQ_MAX_ACTIVE, WQ_MEM_RECLAIM, WQ_UNBOUND } from "./flags.ts";
import { List } from "./list.ts";
import type { WorkerPool } from "./worker_pool.ts";
import { Rescuer } from "./rescuer.ts";
import { type Job, type JobQueue, JobState, type QueueStats } from "./work.ts";
import type { WorkerPools } from "./worker_pools.ts";
import type { WorkerPlace, WorkerStats } from "./worker_stats.ts";

/** Options of a queue. */
export interface WorkqueueOptions {
  /** `WQ_…`, combined with `|`; 0 is a bound queue. */
  flags?: number;
  /** The most active items: per core for a bound queue, in all for an unbound one; 0 for 256. */
  maxActive?: number;
  /** Where the items run. */
  pools: WorkerPools;
}

/** The queues with `WQ_FREEZABLE`. */
const freezable = new Set<Workqueue>();
let isFrozen = false;

/**
 * Jobs between two flushes. New jobs get the newest colour; an older one exists while a flush waits
 * for it and all before it.
 */
interface Colour {
  count: number;
  /** `null` only in the newest colour. */
  flushed: PromiseWithResolvers<void> | null;
}

/** A queue on one of its pools. */
class PoolWorkqueue implements JobQueue {
  readonly pool: WorkerPool;
  readonly inactive = new List<Job>();
  #active = 0;
  #queue: Workqueue;

  constructor(queue: Workqueue, pool: WorkerPool) {
    this.#queue = queue;
    this.pool = pool;
  }

  get flags(): number {
    return this.#queue.flags;
  }

  get rescuer(): Rescuer | null {
    return this.#queue.rescuer;
  }

  get stats(): QueueStats {
    return this.#queue.stats;
  }

  /** How many items are active. */
  get active(): number {
    return this.#active;
  }

  insert(job: Job): void {
    job.queue = this;
    job.state = JobState.Inactive;
    this.inactive.push(job);
    this.activate();
  }

  /** Makes items active, oldest first, as far as `maxActive` allows. */
  activate(): void {
    while (this.#active < this.#queue.activeLimit) {
      const job = this.inactive.shift();
      if (!job) return;
      this.#active++;
      this.pool.enqueue(job);
    }
  }

  cancel(job: Job): boolean {
    if (job.state === JobState.Inactive) this.inactive.remove(job);
    else if (this.pool.remove(job)) this.#active--;
    else return false;
    job.end();
    this.activate();
    this.#queue.leave(job);
    return true;
  }

  jobEnded(job: Job): void {
    this.#active--;
    this.activate();
    const { pending } = job.work;
    if (pending?.state === JobState.Parked) pending.queue.unpark(pending);
    this.#queue.leave(job);
  }

  unpark(job: Job): void {
    this.pool.unpark(job);
  }

  runCallback(callback: () => void): void {
    this.#queue.runCallback(callback);
  }
}

/** A queue; see `allocWorkqueue`. */
export class Workqueue {
  /** Its name, for messages. */
  readonly name: string;
  /** `WQ_…`. */
  readonly flags: number;
  /** Most active items per pool. */
  readonly maxActive: number;
  /** The Workers that run its items. */
  readonly pools: WorkerPools;
  /** @internal */
  readonly rescuer: Rescuer | null;
  /**
   * Jobs whose timers are running.
   *
   * @internal
   */
  readonly delayed: Set<Job> = new Set();
  /** Statistics, in items. */
  readonly stats: QueueStats = { queued: 0, completed: 0, failed: 0, cpuIntensive: 0, rescued: 0 };
  #parts: PoolWorkqueue[];
  #colours: Colour[] = [{ count: 0, flushed: null }];
  #nextCpu = 0;
  #draining = 0;
  #callbacks = 0;
  #isDestroyed = false;
  #quiet: PromiseWithResolvers<void> | null = null;

  /** @internal */
  constructor(name: string, { flags = 0, maxActive = 0, pools }: WorkqueueOptions) {
    if (!Number.isInteger(maxActive) || maxActive < 0 || maxActive > WQ_MAX_ACTIVE) {
      throw new RangeError(
        `maxActive of workqueue "${name}" is ${maxActive}; it must be 0 to ${WQ_MAX_ACTIVE}`,
      );
    }
    this.name = name;
    this.flags = flags;
    this.maxActive = maxActive || WQ_DFL_ACTIVE;
    this.pools = pools;
    const cpus = flags & WQ_UNBOUND
      ? [null]
      : Array.from({ length: pools.options.cpus }, (_, i) => i);
    this.#parts = cpus.map((cpu) => new PoolWorkqueue(this, pools.pool(flags, cpu)));
    this.rescuer = flags & WQ_MEM_RECLAIM ? new Rescuer(name, pools.options) : null;
    pools.acquire();
    if (flags & WQ_FREEZABLE) freezable.add(this);
  }

  /** The rescuer's statistics, or `null` without one. */
  get rescuerStats(): Readonly<WorkerStats> | null {
    return this.rescuer && { ...this.rescuer.stats };
  }

  /** Statistics and present state of the Workers of its pools and of its rescuer. */
  get places(): WorkerPlace[] {
    const { places } = this.pools;
    return this.rescuer === null ? places : [...places, this.rescuer.place];
  }

  /** Items that are active: at most `maxActive` in each pool. */
  get active(): number {
    return this.#parts.reduce((sum, part) => sum + part.active, 0);
  }

  /**
   * Items that no Worker has: those beyond `maxActive`, and those in the worklists of its pools.
   */
  get waiting(): number {
    return this.#parts.reduce((sum, { inactive, pool }) => sum + inactive.size + pool.waiting, 0);
  }

  /**
   * How many items may be active now.
   *
   * @internal
   */
  get activeLimit(): number {
    return isFrozen && this.flags & WQ_FREEZABLE ? 0 : this.maxActive;
  }

  /**
   * Inserts `job`: on `cpu`, else on the core where its work was last, else on the next core.
   *
   * @throws {Error} if the queue does not accept items now
   * @internal
   */
  insert(job: Job, cpu: number | null): void {
    const { work } = job;
    // The work may come from a queue with more cores.
    const part = this.flags & WQ_UNBOUND
      ? this.#parts[0]
      : this.#parts[cpu ?? work.cpu ?? -1] ?? this.#parts[this.#takeCpu()];
    work.cpu = part.pool.cpu;
    work.pending = job;
    this.stats.queued++;
    const colour = this.#colours.at(-1)!;
    colour.count++;
    job.colour = colour;
    part.insert(job);
  }

  /**
   * Throws unless items may be queued now; while it drains, only chained ones may.
   *
   * @internal
   */
  checkAccepts(func: string): void {
    if (this.#isDestroyed) {
      throw new Error(`Cannot queue "${func}": workqueue "${this.name}" is destroyed`);
    }
    if (this.#draining > 0 && this.#callbacks === 0) {
      throw new Error(
        `Cannot queue "${func}": workqueue "${this.name}" is draining and takes only items that ` +
          `callbacks of its own items queue`,
      );
    }
  }

  /**
   * To be called when a job has ended.
   *
   * @internal
   */
  leave(job: Job): void {
    job.colour!.count--;
    this.#settleColours();
    if (this.#quiet) this.#settleFreeze();
  }

  /** @internal */
  runCallback(callback: () => void): void {
    this.#callbacks++;
    try {
      callback();
    } catch (error) {
      // One item's callback must not stop the bookkeeping of the others.
      reportError(error);
    } finally {
      this.#callbacks--;
    }
  }

  /**
   * Resolves when all items that are in the queue now have ended.
   *
   * @internal
   */
  flush(): Promise<void> {
    const colour = this.#colours.at(-1)!;
    if (colour.count === 0) return this.#colours.at(-2)?.flushed?.promise ?? Promise.resolve();
    colour.flushed = Promise.withResolvers();
    this.#colours.push({ count: 0, flushed: null });
    return colour.flushed.promise;
  }

  /**
   * Resolves when the queue is empty; accepts only chained items meanwhile.
   *
   * @internal
   */
  async drain(): Promise<void> {
    this.#draining++;
    await this.#flushAll();
    this.#draining--;
  }

  /**
   * Drains, then releases the pools. `expireDelayed` queues the delayed items.
   *
   * @internal
   */
  async destroy(expireDelayed: () => void): Promise<void> {
    // Keeps items from being queued between the end of the last item and the end of the queue.
    this.#draining++;
    do {
      expireDelayed();
      await this.#flushAll();
      // A callback may have delayed another one.
    } while (this.delayed.size > 0);
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    freezable.delete(this);
    this.rescuer?.shutDown();
    this.pools.release();
  }

  /**
   * Resolves when no item is active, or the queue is thawed.
   *
   * @internal
   */
  frozen(): Promise<void> {
    this.#quiet ??= Promise.withResolvers();
    const { promise } = this.#quiet;
    this.#settleFreeze();
    return promise;
  }

  /** @internal */
  thaw(): void {
    for (const part of this.#parts) part.activate();
    this.#quiet?.resolve();
    this.#quiet = null;
  }

  async #flushAll(): Promise<void> {
    while (this.#colours.length > 1 || this.#colours[0].count > 0) await this.flush();
  }

  #settleFreeze(): void {
    if (this.#parts.every((part) => part.active === 0)) this.#quiet?.resolve();
  }

  #settleColours(): void {
    // The newest colour stays, because new jobs get it.
    while (this.#colours.length > 1 && this.#colours[0].count === 0) {
      this.#colours.shift()!.flushed!.resolve();
    }
  }

  #takeCpu(): number {
    const cpu = this.#nextCpu;
    this.#nextCpu = (cpu + 1) % this.#parts.length;
    return cpu;
  }
}

/**
 * Stops all queues with `WQ_FREEZABLE`, including those allocated later: active items finish,
 * others wait.
 *
 * @returns a promise that resolves when none of them has an active item
 */
export async function freezeWorkqueues(): Promise<void> {
  isFrozen = true;
  await Promise.all([...freezable].map((queue) => queue.frozen()));
}

/** Resumes the queues that `freezeWorkqueues` stopped. */
export function thawWorkqueues(): void {
  isFrozen = false;
  for (const queue of freezable) queue.thaw();
}
