/**
 * The Worker that a queue with `WQ_MEM_RECLAIM` keeps in reserve. It is created with the queue and
 * runs the queue's items, one at a time, while its pools cannot create a Worker.
 */
import { Timer } from "./clock.ts";
import type { PoolOptions } from "./pool_options.ts";
import { OwnerEnd, type WorkerHost } from "./owner_end.ts";
import type { Job, JobRescuer, RescuerCaller } from "./work.ts";
import { emptyPlace, newRow, type WorkerPlace, type WorkerStats } from "./worker_stats.ts";

/** A Worker that runs items only while no other can be created. */
export class Rescuer implements WorkerHost, JobRescuer {
  /** Its statistics. */
  readonly stats: WorkerStats;
  #options: PoolOptions;
  #worker: OwnerEnd | null = null;
  #isIdle = false;
  /** The caller whose job it has. */
  #caller: RescuerCaller | null = null;
  readonly #waiting = new Set<RescuerCaller>();
  #retry: Timer;

  /** Creates the Worker for the queue `name`; if that fails, tries again periodically. */
  constructor(name: string, options: PoolOptions) {
    this.#options = options;
    this.stats = newRow(`kworker/R-${name}`, null);
    this.#retry = new Timer(options.clock, () => this.#create());
    this.#create();
  }

  /** Its statistics and its present state. */
  get place(): WorkerPlace {
    return this.#worker?.place ?? emptyPlace(this.stats);
  }

  /** Whether it can run a job now. */
  get isIdle(): boolean {
    return this.#isIdle;
  }

  /** Runs `job`, then asks `caller` for another one. It must be idle. */
  run(job: Job, caller: RescuerCaller): void {
    this.#isIdle = false;
    this.#caller = caller;
    this.#waiting.add(caller);
    job.queue.stats.rescued++;
    this.#worker!.run([job]);
  }

  /** Notifies `caller` when it is idle. */
  await(caller: RescuerCaller): void {
    this.#waiting.add(caller);
  }

  /** Ends the Worker; it must be idle. */
  shutDown(): void {
    this.#retry.stop();
    this.#worker?.terminate();
    this.#worker = null;
  }

  /** Everything that decides what it does next. @internal */
  get state(): unknown {
    return [this.#isIdle, this.#waiting.size, this.#retry.isRunning, this.#worker?.state];
  }

  workerReady(worker: OwnerEnd): void {
    this.workerIdle(worker);
  }

  workerNotStarted(): void {
    this.#tryAgain();
  }

  workerIdle(_worker: OwnerEnd): void {
    this.#isIdle = true;
    // In turn: a caller that has more jobs goes to the end of the line.
    for (const caller of [...this.#waiting]) {
      if (!this.#isIdle) return;
      this.#waiting.delete(caller);
      caller.rescuerIdle();
    }
  }

  workerSlept(): void {}

  workerCrashed(_worker: OwnerEnd, unbegun: Job[]): void {
    this.#tryAgain();
    for (const job of unbegun) this.#caller!.rescuerLost(job);
  }

  #create(): void {
    try {
      this.#worker = OwnerEnd.create(this, this.#options.source, this.stats);
    } catch {
      // The queue's pools report why no Worker can be started, when there is work.
      this.#worker = null;
    }
    if (!this.#worker) this.#tryAgain();
  }

  #tryAgain(): void {
    this.#worker = null;
    this.#isIdle = false;
    this.#retry.start(this.#options.createRetryMs);
  }
}
