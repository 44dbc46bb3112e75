/**
 * Work items. A {@linkcode Work} is what a user queues, as often as needed; a {@linkcode Job} is
 * one queueing of it, from `queueWork` to its end. A work has at most one pending and one running
 * job.
 */
import type { ListNode } from "./list.ts";

/**
 * What happens to a work item. Each is called on the owner's thread, after the queue's own
 * bookkeeping, so a callback may queue the item again.
 */
export interface WorkCallbacks<Result> {
  /** The function returned (or its promise resolved to) `result`. */
  onResult?(result: Result): void;
  /** The function threw, its Worker crashed, or no Worker could be started. */
  onError(error: WorkError): void;
  /** The function sent `message` while it ran. */
  onMessage?(message: unknown): void;
  /**
   * The item ended before its function read `messages`, which `sendToWork` had accepted. It is
   * called before `onResult` and `onError`; not when the item is cancelled, nor when it is queued
   * again already: then that run gets the messages.
   */
  onUnread?(messages: unknown[]): void;
}

/** Why a work item failed. */
export class WorkError extends Error {
  /** Identifies it where the class is lost, such as between Workers. */
  override name = "WorkError";
  /** The item's function. */
  readonly func: string;
  /** What was thrown (`TypeError: …`), or why the Worker is gone. */
  readonly reason: string;
  /** True if the Worker is gone; false if the function has thrown. */
  readonly crashed: boolean;

  /**
   * An error whose parts a program can read.
   *
   * @param message the whole sentence
   * @param details its parts
   */
  constructor(message: string, details: { func: string; reason: string; crashed: boolean }) {
    super(message);
    this.func = details.func;
    this.reason = details.reason;
    this.crashed = details.crashed;
  }
}

/** A work item: the name of a function that the Worker's entry serves, and plain data for it. */
export class Work<Data = unknown, Result = unknown> {
  /** The name of the function. */
  readonly func: string;
  /** Cloned when the item is handed to a Worker; change it only while the item is not pending. */
  data: Data;
  /** Called when it ends. */
  readonly callbacks: WorkCallbacks<Result>;
  /**
   * The core whose pool it was last queued to; it stays there unless another one is requested.
   *
   * @internal
   */
  cpu: number | null = null;
  /**
   * The pending job.
   *
   * @internal
   */
  pending: Job | null = null;
  /**
   * The job that a Worker has begun.
   *
   * @internal
   */
  running: Job | null = null;

  /**
   * An item that is not queued yet.
   *
   * @param func the name of a function that the Worker's entry serves
   * @param data the function's argument; must be cloneable
   * @param callbacks called when it ends
   */
  constructor(func: string, data: Data, callbacks: WorkCallbacks<Result>) {
    this.func = func;
    this.data = data;
    this.callbacks = callbacks;
  }
}

/** Where a job is. */
export const enum JobState {
  /** Its timer runs. */
  Delayed,
  /** Beyond `maxActive`, in its queue. */
  Inactive,
  /** In its pool's worklist. */
  Waiting,
  /** Active, but waits because the same work is still running. */
  Parked,
  /** Handed to a Worker. */
  Posted,
  /** Over, or cancelled. */
  Ended,
}

/** What a job needs of the queue that it is on. */
export interface JobQueue {
  readonly flags: number;
  /** The Worker for when no other can be created, with `WQ_MEM_RECLAIM`. */
  readonly rescuer: JobRescuer | null;
  /** The job has ended by itself, so the next one may become active. */
  jobEnded(job: Job): void;
  /** Removes `job`; `false` if it has begun. */
  cancel(job: Job): boolean;
  /** The job, which was parked, may run. */
  unpark(job: Job): void;
  /** Runs a callback of the job's work; items that it queues count as chained. */
  runCallback(callback: () => void): void;
  readonly stats: QueueStats;
}

/** What a pool needs of a rescuer. */
export interface JobRescuer {
  /** Whether it can run a job now. */
  readonly isIdle: boolean;
  /** Runs `job` for `caller`. */
  run(job: Job, caller: RescuerCaller): void;
  /** Tells `caller` when it can run a job. */
  await(caller: RescuerCaller): void;
}

/** The caller of a rescuer. */
export interface RescuerCaller {
  /** The rescuer can run a job. */
  rescuerIdle(): void;
  /** The rescuer is lost and had not begun `job`, which has to run elsewhere. */
  rescuerLost(job: Job): void;
}

/** What a queue has done since it was allocated, in items. */
export interface QueueStats {
  /** Accepted by `queueWork`; delayed items count when their delay is over. */
  queued: number;
  /** Ended with a result. */
  completed: number;
  /** Ended with an error. */
  failed: number;
  /** Ran for so long in a bound pool without sleeping that others were started beside them. */
  cpuIntensive: number;
  /** Run by the rescuer. */
  rescued: number;
}

/** What a posted job needs of its Worker. */
export interface JobWorker {
  hasBegun(job: Job): boolean;
  send(job: Job, message: unknown): void;
  /** How many messages the run of `job` has read; it must have begun. */
  messagesRead(job: Job): number;
  /** Kills the Worker of `job`, which has begun; `false` if the job has already ended there. */
  killJob(job: Job, reason: string): boolean;
}

/** One queueing of a work item. */
export class Job implements ListNode<Job> {
  prev: Job | null = null;
  next: Job | null = null;
  readonly work: Work;
  /** Its queue on its pool; set when it is queued. */
  queue!: JobQueue;
  state = JobState.Delayed;
  /** The flush colour that it counts for; see `Colour` in `workqueue.ts`. */
  colour: { count: number } | null = null;
  /** The tick of its pool's watchdog at which it began to wait. */
  tick = 0;
  /** Its number on the Worker that it was handed to. */
  seq = 0;
  worker: JobWorker | null = null;
  /** Messages sent to it that it is not known to have read. */
  messages: unknown[] = [];
  /** How many messages its run is known to have read; they are no longer kept. */
  read = 0;
  #ended: PromiseWithResolvers<void> | null = null;

  constructor(work: Work) {
    this.work = work;
  }

  /** Resolves when the job is over or cancelled. */
  get ended(): Promise<void> {
    return (this.#ended ??= Promise.withResolvers<void>()).promise;
  }

  /** Drops the messages that its run has read; it must have begun. */
  forgetRead(): void {
    if (this.messages.length === 0) return;
    const read = this.worker!.messagesRead(this);
    this.messages.splice(0, (read - this.read) | 0);
    this.read = read;
  }

  /** Marks it as ended, for its work and for callers that wait. */
  end(): void {
    const { work } = this;
    this.state = JobState.Ended;
    if (work.pending === this) work.pending = null;
    if (work.running === this) work.running = null;
    // The next run gets the messages that this one has not read.
    if (work.pending) work.pending.messages.unshift(...this.messages.splice(0));
    this.#ended?.resolve();
  }
}

/** Updates `work` if its Worker has begun its job meanwhile. */
export function refresh(work: Work): void {
  const job = work.pending;
  if (job?.state === JobState.Posted && job.worker!.hasBegun(job)) {
    work.pending = null;
    work.running = job;
  }
}
