/**
 * The owner's side of one Web Worker: hands it items, takes back what it has not begun, and turns
 * what it says into calls on its host (a pool or a rescuer).
 */
import { isAtLeast, type OwnerMessage, ToOwner, ToWorker, type WireItem } from "./messages.ts";
import type { WorkerMessage } from "./messages.ts";
import type { DescriptorReserve } from "./reserve.ts";
import { type Job, JobState, refresh, WorkError } from "./work.ts";
import type { WorkerStats } from "./worker_stats.ts";

/** Whoever owns Workers. */
export interface WorkerHost {
  /** It has loaded and waits for its first item. */
  workerReady(worker: PoolWorker): void;
  /** It did not come up; it is gone. */
  workerNotStarted(worker: PoolWorker, reason: string): void;
  /** It has nothing left to do. */
  workerIdle(worker: PoolWorker): void;
  /** The item that it runs waits for something other than the processor. */
  workerSlept(worker: PoolWorker): void;
  /** It is gone. The job that it had begun fails next; `unbegun` are to run elsewhere. */
  workerCrashed(worker: PoolWorker, unbegun: Job[]): void;
}

/** What is needed to create a Worker. */
export interface WorkerSource {
  /** Holds the descriptors that it takes. */
  reserve: DescriptorReserve;
  /** Creates the Worker; may throw. */
  create(name: string): Worker;
  /** Cloned to it before its first item. */
  init: unknown;
  /** Takes whole lines that it prints. */
  onPrint(lines: string): void;
}

/** A Worker and the jobs that it has. */
export class PoolWorker {
  readonly stats: WorkerStats;
  /** When it became idle. */
  idleSinceMs = 0;
  /** Whether it counts as running in a bound pool's concurrency management. */
  isCounted = false;
  #host: WorkerHost;
  #reserve: DescriptorReserve;
  #onPrint: (lines: string) => void;
  #worker: Worker;
  #cell = new Int32Array(new SharedArrayBuffer(4));
  #seq = 0;
  #seenSeq = 0;
  #jobs: Job[] = [];
  /** All jobs that it has are known to have begun: the rest was taken back. */
  #isClosed = false;
  #isReady = false;
  #isEnded = false;

  /**
   * Creates a Worker.
   *
   * @returns `null` when the process is out of descriptors: try again later
   * @throws what the runtime throws when it refuses
   */
  static create(host: WorkerHost, source: WorkerSource, stats: WorkerStats): PoolWorker | null {
    return source.reserve.lend(() => new PoolWorker(host, source, stats));
  }

  private constructor(host: WorkerHost, source: WorkerSource, stats: WorkerStats) {
    this.#host = host;
    this.#reserve = source.reserve;
    this.#onPrint = source.onPrint;
    this.stats = stats;
    this.#worker = source.create(stats.name);
    this.#worker.onmessage = ({ data }) => this.#receive(data);
    this.#worker.onmessageerror = () => this.kill("a message of it could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.kill(event.message.split("\n")[0]);
    };
    stats.created++;
    stats.alive = true;
    const { name, cpu } = stats;
    try {
      this.#post([ToWorker.Init, { name, cpu }, this.#cell, source.init]);
    } catch (error) {
      stats.alive = false;
      this.#worker.terminate();
      throw error;
    }
  }

  /** Whether it has no job. */
  get isIdle(): boolean {
    return this.#jobs.length === 0;
  }

  /** Whether it has never been given a job. */
  get isFresh(): boolean {
    return this.#seq === 0;
  }

  /** The job that it runs, or is about to begin. */
  get running(): Job | undefined {
    return this.#jobs[0];
  }

  /** How many jobs it has, the one that it runs included. */
  get load(): number {
    return this.#jobs.length;
  }

  /** Hands it `jobs`, to be run in this order; it must be idle. */
  run(jobs: Job[]): void {
    // Continues behind numbers that were taken back: the Worker still drops those.
    const first = this.#seq;
    Atomics.store(this.#cell, 0, (first - 1) | 0);
    this.#seenSeq = (first - 2) | 0;
    this.#isClosed = false;
    this.#jobs = jobs;
    for (const job of jobs) {
      job.state = JobState.Posted;
      job.worker = this;
      job.seq = this.#seq;
      this.#seq = (this.#seq + 1) | 0;
    }
    try {
      this.#post([ToWorker.Run, first, jobs.map(wireItem)]);
    } catch (error) {
      this.#runCloneable(error);
    }
  }

  /** Whether the Worker has begun `job`. */
  hasBegun(job: Job): boolean {
    // A read-modify-write is a full fence: either the Worker sees what was written to shared
    // memory before this call, or this call sees that the item has begun.
    return this.#isClosed || isAtLeast(Atomics.add(this.#cell, 0, 0), job.seq);
  }

  /**
   * Takes back the jobs that it has not begun, in their order. Should that be all that it had,
   * it reports to be idle when it has noticed.
   */
  revoke(): Job[] {
    if (this.#isClosed || this.#jobs.length === 0) return [];
    const begun = Atomics.exchange(this.#cell, 0, this.#seq);
    this.#seq = (this.#seq + 1) | 0;
    this.#isClosed = true;
    const first = this.#jobs.findIndex((job) => !isAtLeast(begun, job.seq));
    return first < 0 ? [] : this.#jobs.splice(first);
  }

  /** Whether it has begun no further item since the last call, or since the call before `run`. */
  isStalled(): boolean {
    if (this.#jobs.length === 0) return false;
    const seq = this.#isClosed ? this.#seenSeq : Atomics.load(this.#cell, 0);
    const isStalled = seq === this.#seenSeq;
    this.#seenSeq = seq;
    return isStalled;
  }

  /** Sends `message` to a job that it has. */
  send(job: Job, message: unknown): void {
    this.#post([ToWorker.Message, job.seq, message]);
  }

  /** Ends it as crashed, for `reason`; does nothing when it has ended before. */
  kill(reason: string): void {
    if (this.#isEnded) return;
    const unbegun = this.revoke();
    const begun = this.#jobs.splice(0);
    this.terminate();
    if (!this.#isReady) return this.#host.workerNotStarted(this, reason);
    this.stats.crashes++;
    this.stats.items += begun.length;
    this.#host.workerCrashed(this, unbegun);
    const { name } = this.stats;
    for (const job of begun) {
      failJob(job, `${name} crashed while it ran "${job.work.func}"`, reason, true);
    }
  }

  /** Ends it; it must be idle. */
  terminate(): void {
    this.#isEnded = true;
    if (!this.#isReady) this.#reserve.settle();
    this.stats.alive = false;
    this.#worker.terminate();
  }

  #post(message: OwnerMessage): void {
    this.#worker.postMessage(message);
  }

  /** Structured cloning refused some of the jobs with `error`: those fail, the others run. */
  #runCloneable(error: unknown): void {
    const jobs = this.#jobs;
    const reasons = jobs.map(cloneFault);
    // Refused as a whole and not in any part: nothing can be sent.
    if (!reasons.some((reason) => reason !== null)) reasons.fill(messageOf(error));
    this.#jobs = [];
    const sound = jobs.filter((_, index) => reasons[index] === null);
    if (sound.length > 0) this.run(sound);
    // Not now: whoever called `run` is in the middle of its own book-keeping.
    queueMicrotask(() => {
      jobs.forEach((job, index) => {
        const reason = reasons[index];
        if (reason === null) return;
        failJob(job, `"${job.work.func}" cannot be sent to a Worker`, reason, false);
      });
      if (sound.length === 0) this.#host.workerIdle(this);
    });
  }

  #receive(message: WorkerMessage): void {
    if (this.#isEnded) return;
    switch (message[0]) {
      case ToOwner.Ready:
        this.#isReady = true;
        this.#reserve.settle();
        return this.#host.workerReady(this);
      case ToOwner.Done: {
        const [, seq, busyUs, result] = message;
        const job = this.#shift(seq, busyUs);
        job.queue.stats.completed++;
        this.#advance(job);
        const { callbacks } = job.work;
        if (callbacks.onResult) job.queue.runCallback(() => callbacks.onResult!(result));
        return;
      }
      case ToOwner.Failed: {
        const [, seq, busyUs, reason] = message;
        const job = this.#shift(seq, busyUs);
        this.#advance(job);
        return reportFailure(job, `"${job.work.func}" failed on ${this.stats.name}`, reason);
      }
      case ToOwner.Dropped:
        return this.#host.workerIdle(this);
      case ToOwner.Sleep:
        refresh(this.#jobs[0].work);
        return this.#host.workerSlept(this);
      case ToOwner.Message: {
        const { queue, work: { callbacks } } = this.#jobs[0];
        if (callbacks.onMessage) queue.runCallback(() => callbacks.onMessage!(message[1]));
        return;
      }
      case ToOwner.Print:
        return this.#onPrint(message[1]);
      case ToOwner.Crash:
        return this.kill(message[1]);
    }
  }

  /** Takes out the job `seq`, which is the first: a Worker runs its jobs in order. */
  #shift(seq: number, busyUs: number): Job {
    const job = this.#jobs.shift();
    if (job?.seq !== seq) throw new Error(`${this.stats.name} ended item ${seq} out of order`);
    this.stats.items++;
    this.stats.busyUs += busyUs;
    return job;
  }

  /** Tells all who keep books that `job` is over; the Worker may have its next item at once. */
  #advance(job: Job): void {
    job.end();
    job.queue.jobEnded(job);
    if (this.isIdle) this.#host.workerIdle(this);
  }
}

/** Ends `job` as failed, where no Worker ran it to its end. */
export function failJob(job: Job, what: string, reason: string, crashed: boolean): void {
  job.end();
  job.queue.jobEnded(job);
  reportFailure(job, what, reason, crashed);
}

function reportFailure(job: Job, what: string, reason: string, crashed = false): void {
  const { work, queue } = job;
  queue.stats.failed++;
  const error = new WorkError(`${what}: ${reason}`, { func: work.func, reason, crashed });
  queue.runCallback(() => work.callbacks.onError(error));
}

/** Why `job` cannot be cloned, or `null`. */
function cloneFault(job: Job): string | null {
  try {
    structuredClone(wireItem(job));
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

function wireItem(job: Job): WireItem {
  return [job.work.func, job.work.data, job.messages];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
