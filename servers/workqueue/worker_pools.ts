/**
 * The pools of one kind of Worker. Queues that are given the same `WorkerPools` share its pools: a
 * normal and a high-priority one for each core, and two unbound ones.
 */
import { CpuPressure } from "../../system/cpu_pressure.ts";
import { WQ_HIGHPRI, WQ_UNBOUND } from "./flags.ts";
import { WorkerPool } from "./worker_pool.ts";
import { type PoolOptions, poolOptions, type WorkerOptions } from "./pool_options.ts";
import type { WorkerPlace, WorkerStats } from "./worker_stats.ts";

/** Pools that are created when a queue first needs them. */
export class WorkerPools {
  /**
   * The options with their defaults.
   *
   * @internal
   */
  readonly options: PoolOptions;
  #pools = new Map<string, WorkerPool>();
  #users = 0;
  readonly #asksKernel: boolean;
  /** Set while there are queues and the kernel is to be asked. */
  #pressure: CpuPressure | undefined;

  /**
   * Creates no Worker yet.
   *
   * @throws {RangeError} if a number is out of range
   */
  constructor(options: WorkerOptions) {
    this.#asksKernel = options.areCpusShort === undefined;
    const areCpusShort = options.areCpusShort ?? (() => this.#pressure?.isShort() ?? false);
    this.options = poolOptions({ ...options, areCpusShort });
  }

  /** Statistics of each Worker, bound pools first. */
  get stats(): Readonly<WorkerStats>[] {
    return this.#all().flatMap((pool) => pool.stats.map((row) => ({ ...row })));
  }

  /** Statistics and present state of each Worker. */
  get places(): WorkerPlace[] {
    return this.#all().flatMap((pool) => pool.places);
  }

  #all(): WorkerPool[] {
    return [...this.#pools.values()].sort((a, b) => (a.cpu ?? Infinity) - (b.cpu ?? Infinity));
  }

  /**
   * The pool for queues with `flags`; `cpu` is `null` for unbound ones.
   *
   * @internal
   */
  pool(flags: number, cpu: number | null): WorkerPool {
    const isHighPriority = (flags & WQ_HIGHPRI) !== 0;
    const key = `${(flags & WQ_UNBOUND) ? "u" : cpu}${isHighPriority ? "H" : ""}`;
    let pool = this.#pools.get(key);
    if (!pool) this.#pools.set(key, pool = new WorkerPool(this.options, cpu, isHighPriority));
    return pool;
  }

  /**
   * To be called when a queue begins to use the pools.
   *
   * @internal
   */
  acquire(): void {
    if (this.#users++ === 0 && this.#asksKernel) this.#pressure = new CpuPressure();
  }

  /**
   * To be called when a queue is gone; after the last one, all Workers end.
   *
   * @internal
   */
  release(): void {
    this.#users--;
    if (this.#users > 0) return;
    for (const pool of this.#pools.values()) pool.shutDown();
    this.#pressure?.[Symbol.dispose]();
  }
}
