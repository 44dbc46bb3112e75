/**
 * The owner's end of the protocol in messages.ts, for one Web Worker. It hands items to the Worker,
 * takes back those that have not begun, and turns messages of the Worker into calls on its host (a
 * pool or a rescuer).
 */
import { messageOf } from "../../system/message_of.ts";
import {
  ASLEEP_WORD,
  BEGUN_WORD,
  BLOCKED_WORD,
  CELL_WORDS,
  isAtLeast,
  readWord,
  ToOwner,
  ToWorker,
} from "./messages.ts";
import type { OwnerMessage, WireItem, WorkerMessage } from "./messages.ts";
import type { DescriptorReserve } from "./reserve.ts";
import { type Job, JobState, refresh, WorkError } from "./work.ts";
import type { WorkerPlace, WorkerStats } from "./worker_stats.ts";

/** The owner of Workers. */
export interface WorkerHost {
  /** The Worker has loaded and waits for its first item. */
  workerReady(worker: OwnerEnd): void;
  /** The Worker did not start, and is gone. */
  workerNotStarted(worker: OwnerEnd, reason: string): void;
  /** The Worker has nothing left to do. */
  workerIdle(worker: OwnerEnd): void;
  /** The running item may last; others are to run elsewhere. */
  workerSlept(worker: OwnerEnd): void;
  /** The Worker is gone. The job that it had begun fails next; `unbegun` are to run elsewhere. */
  workerCrashed(worker: OwnerEnd, unbegun: Job[]): void;
}

/** What is needed to create a Worker. */
export interface WorkerSource {
  /** Holds the descriptors that creating a Worker takes. */
  reserve: DescriptorReserve;
  /** Creates the Worker; may throw. */
  create(name: string): Worker;
  /** Cloned to it before its first item. */
  init: unknown;
  /** Called with whole lines that the Worker prints. */
  onPrint(lines: string): void;
  /** The kernel's thread ID of the Worker that was created last; null: unknown. */
  threadOf?(): number | null;
  /**
   * Takes one end of a channel to the Worker. @returns a function to be called when the Worker is
   * gone
   */
  connect?(port: MessagePort): () => void;
}

/** The first item's number, shortly before the wrap, so that every program exercises the wrap. */
const INITIAL_SEQ = 0x7fff_fffe;

/** Most checks of the watchdog within which a Worker has to begin an item. */
const MAX_PATIENCE = 64;

/** A Worker and the jobs that it has. */
export class OwnerEnd {
  readonly stats: WorkerStats;
  /** The kernel's ID of its thread; null: unknown. */
  readonly thread: number | null;
  /** When it became idle. */
  idleSinceMs = 0;
  /** Whether it counts as running in a bound pool's concurrency management. */
  isCounted = false;
  #host: WorkerHost;
  #reserve: DescriptorReserve;
  #onPrint: (lines: string) => void;
  #worker: Worker;
  readonly #disconnect: (() => void) | undefined;
  #cell = new Int32Array(new SharedArrayBuffer(4 * CELL_WORDS));
  /** The next number. */
  #seq = INITIAL_SEQ;
  /** The item that `isStalled` saw last, and how often in a row. */
  #seenSeq = 0;
  #stalledLooks = 0;
  /** How often it may see the same item before the Worker counts as stalled. */
  #patience = 1;
  /** The number of the last item begun, when closed. */
  #begunSeq = 0;
  #jobs: Job[] = [];
  /** Whether all its jobs are known to have begun, because the rest was taken back. */
  #isClosed = false;
  /** Whether jobs were taken back that the Worker has not yet reported as dropped. */
  #isDropping = false;
  /** The job that is to crash as soon as the results of those before it have arrived. */
  #doomed: { job: Job; reason: string } | null = null;
  #isReady = false;
  #isEnded = false;

  /**
   * Creates a Worker.
   *
   * @returns `null` when the process is out of descriptors: try again later
   * @throws what the runtime throws when it refuses
   */
  static create(host: WorkerHost, source: WorkerSource, stats: WorkerStats): OwnerEnd | null {
    return source.reserve.lend(() => new OwnerEnd(host, source, stats));
  }

  private constructor(host: WorkerHost, source: WorkerSource, stats: WorkerStats) {
    this.#host = host;
    this.#reserve = source.reserve;
    this.#onPrint = source.onPrint;
    this.stats = stats;
    this.#worker = source.create(stats.name);
    this.thread = source.threadOf?.() ?? null;
    this.#worker.onmessage = ({ data }) => {
      this.#receive(data);
      if (this.#doomed && this.#doomed.job === this.#jobs[0]) this.kill(this.#doomed.reason);
    };
    this.#worker.onmessageerror = () => this.kill("a message of it could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.kill(event.message.split("\n")[0]);
    };
    stats.created++;
    stats.alive = true;
    const { name, cpu } = stats;
    const channel = source.connect && new MessageChannel();
    this.#disconnect = channel && source.connect!(channel.port1);
    const port = channel?.port2 ?? null;
    const init: OwnerMessage = [ToWorker.Init, { name, cpu }, this.#cell, source.init, port];
    try {
      this.#worker.postMessage(init, port === null ? [] : [port]);
    } catch (error) {
      stats.alive = false;
      this.#worker.terminate();
      this.#disconnect?.();
      throw error;
    }
  }

  /** Whether it can be given jobs: it has none, and has dropped what was taken back. */
  get isIdle(): boolean {
    return this.#jobs.length === 0 && !this.#isDropping;
  }

  /** Whether it has never been given a job. */
  get isFresh(): boolean {
    return this.#seq === INITIAL_SEQ;
  }

  /** The job that it runs, or is about to begin. */
  get running(): Job | undefined {
    return this.#jobs[0];
  }

  /** Whether the job that it runs waits for its promise, and so takes no CPU. */
  get isAsleep(): boolean {
    return Atomics.load(this.#cell, ASLEEP_WORD) === 1;
  }

  /** Whether the job that it runs says that it sleeps in a call. */
  get isBlocked(): boolean {
    return Atomics.load(this.#cell, BLOCKED_WORD) === 1;
  }

  /** Its row, and its present state. */
  get place(): WorkerPlace {
    const { thread, isAsleep, isBlocked } = this;
    return { stats: { ...this.stats }, thread, hasItem: this.load > 0, isAsleep, isBlocked };
  }

  /** How many jobs it has, including the running one. */
  get load(): number {
    return this.#jobs.length;
  }

  /** Gives it `jobs`, to be run in this order; it must be idle. */
  run(jobs: Job[]): void {
    const first = this.#seq;
    Atomics.store(this.#cell, BEGUN_WORD, (first - 1) | 0);
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
    return this.#isClosed || isAtLeast(Atomics.add(this.#cell, BEGUN_WORD, 0), job.seq);
  }

  /**
   * Takes back the jobs that it has not begun, in order. If there are any, it becomes idle when the
   * Worker has reported them as dropped, and not when its last job has ended.
   */
  revoke(): Job[] {
    if (this.#isClosed || this.#jobs.length === 0) return [];
    this.#begunSeq = Atomics.exchange(this.#cell, BEGUN_WORD, this.#seq);
    this.#seq = (this.#seq + 1) | 0;
    this.#isClosed = true;
    const first = this.#jobs.findIndex((job) => !isAtLeast(this.#begunSeq, job.seq));
    if (first < 0) return [];
    this.#isDropping = true;
    return this.#jobs.splice(first);
  }

  /**
   * Whether it has begun no further item since the last call, or since the call before `run`.
   *
   * A Worker that had its jobs taken back before it began any is given twice the time with the
   * next: on a busy machine it would otherwise never begin one.
   */
  isStalled(): boolean {
    if (this.isIdle) return false;
    const seq = this.#isClosed ? this.#begunSeq : Atomics.load(this.#cell, BEGUN_WORD);
    const hasBegun = this.#jobs.length > 0 && isAtLeast(seq, this.#jobs[0].seq);
    if (hasBegun) this.#patience = 1;
    this.#stalledLooks = seq === this.#seenSeq ? this.#stalledLooks + 1 : 0;
    this.#seenSeq = seq;
    const isStalled = this.#stalledLooks >= this.#patience;
    if (isStalled && !hasBegun) this.#patience = Math.min(2 * this.#patience, MAX_PATIENCE);
    return isStalled;
  }

  /** Sends `message` to a job that it has. */
  send(job: Job, message: unknown): void {
    this.#post([ToWorker.Message, job.seq, message]);
  }

  messagesRead(job: Job): number {
    return Atomics.load(this.#cell, readWord(job.seq));
  }

  killJob(job: Job, reason: string): boolean {
    // No other job may begin, as it would crash as well.
    this.#host.workerSlept(this);
    if (this.#jobs.at(-1) !== job) return false;
    if (this.#jobs[0] === job) this.kill(reason);
    else this.#doomed = { job, reason };
    return true;
  }

  /** Ends it as crashed, for `reason`; does nothing if it has already ended. */
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
      job.forgetRead();
      failJob(job, `${name} crashed while it ran "${job.work.func}"`, reason, true);
    }
  }

  /** Ends it; it must be idle. */
  terminate(): void {
    this.#isEnded = true;
    if (!this.#isReady) this.#reserve.settle();
    this.stats.alive = false;
    this.#worker.terminate();
    this.#disconnect?.();
  }

  /** Everything that decides what it does next. @internal */
  get state(): unknown {
    const flags = [this.#isClosed, this.#isDropping, this.#isReady, this.#isEnded, this.isCounted];
    const seqs = this.#jobs.map((job) => job.seq);
    const doomed = this.#doomed?.job.seq;
    const looks = [this.#seenSeq, this.#stalledLooks, this.#patience];
    return [this.stats.name, this.#seq, looks, this.#begunSeq, flags, seqs, doomed];
  }

  #post(message: OwnerMessage): void {
    this.#worker.postMessage(message);
  }

  /** Structured cloning refused some of the jobs with `error`: those fail, the others run. */
  #runCloneable(error: unknown): void {
    const jobs = this.#jobs;
    const reasons = jobs.map(cloneFault);
    // The batch was refused, although each job alone can be cloned: all of them fail.
    if (!reasons.some((reason) => reason !== null)) reasons.fill(messageOf(error));
    this.#jobs = [];
    const sound = jobs.filter((_, index) => reasons[index] === null);
    if (sound.length > 0) this.run(sound);
    // Deferred, because the caller of `run` is in the middle of its own bookkeeping.
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
        handBack(job);
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
        this.#isDropping = false;
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

  /** Removes the job `seq`, which must be the first, as a Worker runs its jobs in order. */
  #shift(seq: number, busyUs: number): Job {
    const job = this.#jobs.shift();
    if (job?.seq !== seq) throw new Error(`${this.stats.name} ended item ${seq} out of order`);
    this.stats.items++;
    this.stats.busyUs += busyUs;
    job.forgetRead();
    return job;
  }

  /**
   * Ends `job` and notifies its queue and the host, which may give the Worker its next item at
   * once.
   */
  #advance(job: Job): void {
    job.end();
    job.queue.jobEnded(job);
    if (this.isIdle) this.#host.workerIdle(this);
  }
}

/** Ends `job` as failed, if no Worker ran it to its end. */
export function failJob(job: Job, what: string, reason: string, crashed: boolean): void {
  job.end();
  job.queue.jobEnded(job);
  reportFailure(job, what, reason, crashed);
}

function reportFailure(job: Job, what: string, reason: string, crashed = false): void {
  const { work, queue } = job;
  handBack(job);
  queue.stats.failed++;
  const error = new WorkError(`${what}: ${reason}`, { func: work.func, reason, crashed });
  queue.runCallback(() => work.callbacks.onError(error));
}

/** Hands back the messages that `job` has not read. */
function handBack({ work: { callbacks }, queue, messages }: Job): void {
  if (messages.length === 0 || !callbacks.onUnread) return;
  queue.runCallback(() => callbacks.onUnread!(messages));
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
  return [job.work.func, job.work.data, job.messages.length > 0 ? job.messages : null];
}
