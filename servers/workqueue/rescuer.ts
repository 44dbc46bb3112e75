/**
 * The Worker that a queue with `WQ_MEM_RECLAIM` keeps in reserve. It is created with the queue and
 * runs the queue's items, one at a time, while its pools cannot create a Worker.
 */
import { Timer } from "./clock.ts";
import type { PoolOptions } from "./pool_options.ts";
import { PoolWorker, type WorkerHost } from "./pool_worker.ts";
import type { Job, JobRescuer } from "./work.ts";
import { newRow, type WorkerStats } from "./worker_stats.ts";

/** One Worker that only waits for trouble. */
export class Rescuer implements WorkerHost, JobRescuer {
  /** What it did. */
  readonly stats: WorkerStats;
  #options: PoolOptions;
  #worker: PoolWorker | null = null;
  #isIdle = false;
  #again: (() => void) | null = null;
  #retry: Timer;

  /** Creates the Worker of the queue `name`; when that fails, now and then tries again. */
  constructor(name: string, options: PoolOptions) {
    this.#options = options;
    this.stats = newRow(`kworker/R-${name}`, null);
    this.#retry = new Timer(options.clock, () => this.#create());
    this.#create();
  }

  /** Whether it can run a job now. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Runs `job`; calls `again` when it can run another one. It must be idle. */
  run(job: Job, again: () => void): void {
    this.#isIdle = false;
    this.#again = again;
    job.queue.stats.rescued++;
    this.#worker!.run([job]);
  }

  /** Ends the Worker; it must be idle. */
  shutDown(): void {
    this.#retry.stop();
    this.#worker?.terminate();
    this.#worker = null;
  }

  workerReady(worker: PoolWorker): void {
    this.workerIdle(worker);
  }

  workerNotStarted(): void {
    this.workerCrashed();
  }

  workerIdle(_worker: PoolWorker): void {
    this.#isIdle = true;
    this.#again?.();
  }

  workerSlept(): void {}

  workerCrashed(): void {
    this.#worker = null;
    this.#isIdle = false;
    this.#retry.start(this.#options.createRetryMs);
  }

  #create(): void {
    this.#worker = PoolWorker.create(this, this.#options.source, this.stats);
    if (!this.#worker) this.#retry.start(this.#options.createRetryMs);
  }
}
