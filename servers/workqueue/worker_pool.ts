/**
 * A pool of Workers, shared by all queues of its kind. It has one worklist, in order of arrival,
 * from which idle Workers take items. Another Worker is created only while work waits and no Worker
 * is idle.
 *
 * A bound pool belongs to a core and manages concurrency: it starts nothing while one of its
 * Workers is running. An item that sleeps (its function returned a promise) or is CPU-intensive
 * does not count as running. JavaScript cannot see another thread block, so a watchdog checks the
 * shared cells: an item that has not ended for `cpuIntensiveThreshUs` no longer counts, either.
 *
 * Items that wait when a Worker is free travel in one message, as a batch. Items behind one that
 * sleeps or stalls are taken back from the batch and go to another Worker.
 */
import { messageOf } from "../../system/message_of.ts";
import { Timer } from "./clock.ts";
import { WQ_CPU_INTENSIVE } from "./flags.ts";
import { List } from "./list.ts";
import { MAX_BATCH } from "./messages.ts";
import type { PoolOptions } from "./pool_options.ts";
import { failJob, OwnerEnd, type WorkerHost } from "./owner_end.ts";
import { isOutOfDescriptors } from "./reserve.ts";
import { type Job, JobState, type RescuerCaller } from "./work.ts";
import { emptyPlace, StatsRows, type WorkerPlace, type WorkerStats } from "./worker_stats.ts";

/** An unbound pool in which no item has ended for this time grows even if CPUs are short, in ms. */
const STUCK_MS = 1000;

/** A worklist and the Workers that serve it. */
export class WorkerPool implements WorkerHost, RescuerCaller {
  /** The core, or `null` when the pool is unbound. */
  readonly cpu: number | null;
  readonly #options: PoolOptions;
  readonly #stats: StatsRows;
  readonly #worklist = new List<Job>();
  /** The last Worker to become idle is at the end, and is taken first, as its caches are warm. */
  readonly #idle: OwnerEnd[] = [];
  readonly #workers = new Set<OwnerEnd>();
  #counted = 0;
  readonly #creating = new Set<OwnerEnd>();
  #isDispatchDue = false;
  #tick = 0;
  /** The tick at which the last Worker started. Creating it delayed the owner, and so all items. */
  #grownTick = 0;
  /** The tick at which a Worker last ended its items. */
  #idledTick = 0;
  readonly #watchdog: Timer;
  readonly #reaper: Timer;
  readonly #retry: Timer;
  readonly #next: Timer;
  readonly #mayday: Timer;

  constructor(options: PoolOptions, cpu: number | null, isHighPriority: boolean) {
    const { clock } = options;
    this.cpu = cpu;
    this.#options = options;
    this.#stats = new StatsRows(cpu, isHighPriority);
    this.#watchdog = new Timer(clock, () => this.#watch());
    this.#reaper = new Timer(clock, () => this.#reap());
    this.#retry = new Timer(clock, () => this.#dispatch());
    this.#next = new Timer(clock, () => this.#dispatch());
    this.#mayday = new Timer(clock, () => this.#callRescuers());
  }

  /** Statistics of its Workers. */
  get stats(): readonly Readonly<StatsRows["rows"][number]>[] {
    return this.#stats.rows;
  }

  /** Statistics and present state of its Workers. */
  get places(): WorkerPlace[] {
    const ends = new Map<WorkerStats, OwnerEnd>();
    for (const worker of this.#workers) ends.set(worker.stats, worker);
    for (const worker of this.#creating) ends.set(worker.stats, worker);
    return this.#stats.rows.map((row) => ends.get(row)?.place ?? emptyPlace(row));
  }

  /** Items that have not been handed to a Worker. */
  get waiting(): number {
    return this.#worklist.size;
  }

  /** Appends `job`; items of one tick are dispatched together. */
  enqueue(job: Job): void {
    job.state = JobState.Waiting;
    job.tick = this.#tick;
    this.#worklist.push(job);
    this.#dispatchSoon();
  }

  /** Puts a parked job back, ahead of all others. */
  unpark(job: Job): void {
    this.#putBack([job]);
    this.#dispatchSoon();
  }

  /** Removes `job`; `false` if its Worker has begun it meanwhile. */
  remove(job: Job): boolean {
    if (job.state === JobState.Posted) {
      this.#putBack((job.worker as OwnerEnd).revoke());
      this.#dispatchSoon();
    }
    if (job.state === JobState.Waiting) this.#worklist.remove(job);
    return job.state !== JobState.Posted;
  }

  /** Ends all Workers; nothing may be queued or running. */
  shutDown(): void {
    const timers = [this.#watchdog, this.#reaper, this.#retry, this.#next, this.#mayday];
    for (const timer of timers) timer.stop();
    for (const worker of this.#workers) worker.terminate();
    for (const worker of this.#creating) worker.terminate();
    this.#creating.clear();
    this.#workers.clear();
    this.#idle.length = 0;
    this.#counted = 0;
  }

  workerReady(worker: OwnerEnd): void {
    this.#creating.delete(worker);
    this.#mayday.stop();
    if (this.#creating.size > 0) this.#mayday.start(this.#options.maydayMs);
    this.#workers.add(worker);
    this.#grownTick = this.#tick;
    this.workerIdle(worker);
  }

  workerNotStarted(worker: OwnerEnd, reason: string): void {
    this.#creating.delete(worker);
    this.#notStarted(reason);
  }

  workerIdle(worker: OwnerEnd): void {
    this.#count(worker, false);
    this.#idledTick = this.#tick;
    if (this.#options.reuse || worker.isFresh) {
      worker.idleSinceMs = this.#options.clock.nowMs();
      this.#idle.push(worker);
    } else this.#end(worker);
    this.#dispatch();
  }

  workerSlept(worker: OwnerEnd): void {
    this.#count(worker, false);
    this.#putBack(worker.revoke());
    this.#dispatch();
  }

  workerCrashed(worker: OwnerEnd, unbegun: Job[]): void {
    this.#count(worker, false);
    this.#workers.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#putBack(unbegun);
    this.#dispatchSoon();
  }

  rescuerIdle(): void {
    this.#callRescuers();
  }

  rescuerLost(job: Job): void {
    this.#putBack([job]);
    this.#dispatchSoon();
  }

  /** How many Workers there are, and how many of them are idle or count as running. @internal */
  get load(): { workers: number; idle: number; counted: number } {
    return { workers: this.#workers.size, idle: this.#idle.length, counted: this.#counted };
  }

  /** Everything that decides what it does next, except for its worklist's jobs. @internal */
  get state(): unknown {
    const names = (workers: Iterable<OwnerEnd>) => [...workers].map(({ stats }) => stats.name);
    const timers = [this.#watchdog, this.#reaper, this.#retry, this.#next, this.#mayday];
    const works: unknown[] = [];
    for (let job = this.#worklist.head; job; job = job.next) works.push(job.work.data);
    return [
      [this.#counted, this.#tick, this.#grownTick, this.#idledTick, this.#isDispatchDue],
      [works, names(this.#idle), names(this.#creating)],
      [...this.#workers].map((worker) => worker.state),
      timers.map((timer) => timer.isRunning),
    ];
  }

  #dispatchSoon(): void {
    if (this.#isDispatchDue) return;
    this.#isDispatchDue = true;
    queueMicrotask(() => {
      this.#isDispatchDue = false;
      this.#dispatch();
    });
  }

  /** Gives waiting jobs to idle Workers, and creates Workers where there are too few. */
  #dispatch(): void {
    while (this.#needsWorker()) {
      if (this.#idle.length === 0) {
        this.#grow();
        break;
      }
      const batch = this.#takeBatch();
      if (batch.length === 0) break;
      const worker = this.#idle.pop()!;
      const isIntensive = (batch[0].queue.flags & WQ_CPU_INTENSIVE) !== 0;
      this.#count(worker, this.cpu !== null && !isIntensive);
      worker.run(batch);
    }
    this.#startWatchdog();
    this.#startReaper();
  }

  #needsWorker(): boolean {
    return this.#worklist.size > 0 && this.#counted === 0;
  }

  /** Takes the jobs for one Worker; parks those whose work is still running. */
  #takeBatch(): Job[] {
    const batch: Job[] = [];
    let room = this.#batchSize();
    while (room > 0) {
      const job = this.#worklist.head;
      if (!job) break;
      // It has to be the first of a batch: only its owner's start of it can exclude it from the
      // count of running items.
      const isIntensive = this.cpu !== null && (job.queue.flags & WQ_CPU_INTENSIVE) !== 0;
      if (isIntensive && batch.length > 0) break;
      this.#worklist.remove(job);
      if (job.work.running) {
        job.state = JobState.Parked;
        continue;
      }
      batch.push(job);
      room = isIntensive ? 0 : room - 1;
    }
    return batch;
  }

  #batchSize(): number {
    const { reuse, growDelayMs } = this.#options;
    if (!reuse) return 1;
    if (this.cpu !== null) return MAX_BATCH;
    if (growDelayMs === 0) return 1;
    return Math.min(MAX_BATCH, Math.ceil(this.#worklist.size / this.#idle.length));
  }

  /** Puts `jobs` ahead of all others, in order. */
  #putBack(jobs: Job[]): void {
    for (const job of jobs.reverse()) {
      job.state = JobState.Waiting;
      this.#worklist.unshift(job);
    }
  }

  #count(worker: OwnerEnd, isCounted: boolean): void {
    if (worker.isCounted === isCounted) return;
    worker.isCounted = isCounted;
    this.#counted += isCounted ? 1 : -1;
  }

  #canGrow(): boolean {
    const { maxCreating, maxWorkers } = this.#options;
    return this.#creating.size < maxCreating && !this.#retry.isRunning &&
      this.#workers.size + this.#creating.size < maxWorkers;
  }

  /** Creates a Worker, few at a time; in an unbound pool only when work has waited for a while. */
  #grow(): void {
    if (!this.#canGrow() || this.#creating.size >= this.#worklist.size) return;
    if (this.#workers.size > 0 && this.cpu === null && !this.#mayGrowUnbound()) return;
    const { source, maydayMs } = this.#options;
    let worker: OwnerEnd | null;
    try {
      worker = OwnerEnd.create(this, source, this.#stats.free());
    } catch (error) {
      return this.#notStarted(messageOf(error));
    }
    if (worker === null) return this.#creationFailed();
    this.#creating.add(worker);
    this.#mayday.start(maydayMs);
    // The next one is created while this one loads. Creating delays the owner and all other items.
    if (this.#canGrow()) this.#next.start(0);
  }

  /**
   * Whether an unbound pool should grow: work has waited for a while, and either a CPU is free for
   * it, or all Workers sleep and none would take it. If no item has ended for a long time, all may
   * be waiting for something that only another Worker can do.
   */
  #mayGrowUnbound(): boolean {
    const { growDelayMs, areCpusShort } = this.#options;
    if (growDelayMs === 0) return true;
    const sinceTick = Math.max(this.#worklist.head!.tick, this.#grownTick);
    if (this.#tick - sinceTick < 2) return false;
    const stuckTicks = this.#tick - Math.max(sinceTick, this.#idledTick);
    if (stuckTicks * growDelayMs >= STUCK_MS || !areCpusShort()) return true;
    for (const worker of this.#workers) if (!worker.isAsleep) return false;
    return true;
  }

  /**
   * Handles a Worker that did not start. If there are no others, the pool can do nothing until one
   * starts.
   */
  #notStarted(reason: string): void {
    if (this.#workers.size > 0 || isOutOfDescriptors(reason)) this.#creationFailed();
    else this.#failAll(reason);
  }

  /** No Worker can be created now: jobs keep waiting, or go to the rescuer of their queue. */
  #creationFailed(): void {
    this.#retry.start(this.#options.createRetryMs);
    this.#callRescuers();
  }

  /**
   * No Worker can be created at all, so all jobs fail. For later jobs it is tried again after a
   * pause.
   */
  #failAll(reason: string): void {
    this.#retry.start(this.#options.createRetryMs);
    for (let count = this.#worklist.size; count > 0; count--) {
      const job = this.#worklist.shift();
      if (!job) return;
      failJob(job, `No Worker could be started for "${job.work.func}"`, reason, true);
    }
  }

  #callRescuers(): void {
    if (this.#canGrow()) return;
    let job = this.#worklist.head;
    while (job) {
      const { next, queue: { rescuer }, work } = job;
      if (rescuer && !rescuer.isIdle) rescuer.await(this);
      else if (rescuer && !work.running) {
        this.#worklist.remove(job);
        rescuer.run(job, this);
      }
      job = next;
    }
  }

  #startWatchdog(): void {
    const { growDelayMs, cpuIntensiveThreshUs } = this.#options;
    const isHeldBack = this.#worklist.size > 0 &&
      (this.cpu === null ? this.#canGrow() : this.#counted > 0);
    if (!isHeldBack && !this.#hasBatch()) return;
    this.#watchdog.start(this.cpu === null ? Math.max(growDelayMs, 1) : cpuIntensiveThreshUs / 1e3);
  }

  #hasBatch(): boolean {
    for (const worker of this.#workers) if (worker.load > 1) return true;
    return false;
  }

  /** Checks for Workers that have begun nothing new since the last tick, while jobs wait. */
  #watch(): void {
    this.#tick++;
    for (const worker of this.#workers) {
      if (!worker.isStalled()) continue;
      if (worker.isCounted && worker.running) worker.running.queue.stats.cpuIntensive++;
      this.#count(worker, false);
      this.#putBack(worker.revoke());
    }
    this.#dispatch();
  }

  #startReaper(): void {
    const { clock, idleTimeoutMs, minIdle } = this.#options;
    if (this.#idle.length <= minIdle) return;
    this.#reaper.start(Math.max(0, this.#idle[0].idleSinceMs + idleTimeoutMs - clock.nowMs()));
  }

  /** Ends Workers that have been idle for too long: the oldest are at the front. */
  #reap(): void {
    const { clock, idleTimeoutMs, minIdle } = this.#options;
    // Computed exactly like the timer's delay: a rounding difference would make the timer fire
    // again and again before the time is over.
    const isOver = ({ idleSinceMs }: OwnerEnd) => idleSinceMs + idleTimeoutMs - clock.nowMs() <= 0;
    while (this.#idle.length > minIdle && isOver(this.#idle[0])) {
      this.#end(this.#idle.shift()!);
    }
    this.#startReaper();
  }

  #end(worker: OwnerEnd): void {
    this.#workers.delete(worker);
    worker.terminate();
  }
}
