/**
 * The calls on queues and items, by the kernel's names. All must be made on the thread that
 * allocated the queue.
 */
import type { TimerId } from "../../system/clock.ts";
import { WQ_UNBOUND } from "./flags.ts";
import { Job, JobState, refresh, Work, type WorkError } from "./work.ts";
import { Workqueue, type WorkqueueOptions } from "./workqueue.ts";

/** An item with data and result of any type. */
// deno-lint-ignore no-explicit-any
export type AnyWork = Work<any, any>;

/** The queue and timer of a delayed job. */
interface Delay {
  queue: Workqueue;
  timer: TimerId;
}
const delays = new WeakMap<Job, Delay>();

/**
 * Allocates a queue called `name`.
 *
 * @throws {RangeError} if `maxActive` is not 0 to `WQ_MAX_ACTIVE`
 */
export function allocWorkqueue(name: string, options: WorkqueueOptions): Workqueue {
  return new Workqueue(name, options);
}

/** Allocates a queue whose items run one at a time, in the order in which they were queued. */
export function allocOrderedWorkqueue(
  name: string,
  options: Omit<WorkqueueOptions, "maxActive">,
): Workqueue {
  return new Workqueue(name, {
    ...options,
    flags: (options.flags ?? 0) | WQ_UNBOUND,
    maxActive: 1,
  });
}

/**
 * Queues `work`. An item that is running is run again afterwards, never concurrently with itself.
 *
 * What was written to shared memory before the call is seen by the run that follows, even if the
 * result is `false`.
 *
 * @returns `false` if it was pending already; it is not queued twice
 * @throws {Error} if the queue is draining or destroyed
 */
export function queueWork(queue: Workqueue, work: AnyWork): boolean {
  return insert(queue, work, null);
}

/**
 * Like {@linkcode queueWork}, in the pool of core `cpu`; an unbound queue ignores `cpu`.
 *
 * @throws {RangeError} if there is no core `cpu`
 */
export function queueWorkOn(cpu: number, queue: Workqueue, work: AnyWork): boolean {
  const { cpus } = queue.pools.options;
  if (!Number.isInteger(cpu) || cpu < 0 || cpu >= cpus) {
    throw new RangeError(
      `Cannot queue "${work.func}" on core ${cpu}: there are cores 0 to ${cpus - 1}`,
    );
  }
  return insert(queue, work, cpu);
}

function insert(queue: Workqueue, work: AnyWork, cpu: number | null): boolean {
  refresh(work);
  if (work.pending) return false;
  queue.checkAccepts(work.func);
  queue.insert(new Job(work), cpu);
  return true;
}

/**
 * Queues `work` after `delayMs`; it is pending from now on.
 *
 * @returns `false` if it was pending already; its delay is unchanged
 * @throws {Error} if the queue is draining or destroyed
 */
export function queueDelayedWork(queue: Workqueue, work: AnyWork, delayMs: number): boolean {
  if (delayMs === 0) return queueWork(queue, work);
  refresh(work);
  if (work.pending) return false;
  queue.checkAccepts(work.func);
  const job = work.pending = new Job(work);
  const timer = queue.pools.options.clock.setTimeout(() => expire(job), delayMs);
  delays.set(job, { queue, timer });
  queue.delayed.add(job);
  return true;
}

/**
 * Queues `work` after `delayMs`, whether it was pending or not.
 *
 * @returns whether it was pending
 */
export function modDelayedWork(queue: Workqueue, work: AnyWork, delayMs: number): boolean {
  queue.checkAccepts(work.func);
  const wasPending = cancelWork(work);
  queueDelayedWork(queue, work, delayMs);
  return wasPending;
}

/** Ends the delay of `job`, and inserts it into its queue. */
function expire(job: Job): void {
  forget(job).insert(job, null);
}

/** Stops the timer of `job`. */
function forget(job: Job): Workqueue {
  const { queue, timer } = delays.get(job)!;
  queue.pools.options.clock.clearTimeout(timer);
  queue.delayed.delete(job);
  return queue;
}

/**
 * Cancels `work` if it is pending, delayed or not, without calling any of its callbacks. If it is
 * running, it continues.
 *
 * @returns whether it was pending
 */
export function cancelWork(work: AnyWork): boolean {
  refresh(work);
  const job = work.pending;
  if (!job) return false;
  if (job.state !== JobState.Delayed) {
    const isCancelled = job.queue.cancel(job);
    refresh(work);
    return isCancelled;
  }
  forget(job);
  job.end();
  return true;
}

/** Cancels delayed work. The kernel has a separate call for this; here one does both. */
export const cancelDelayedWork = cancelWork;

/**
 * Cancels `work` if it is pending, and waits for its end if it is running.
 *
 * @returns whether it was pending
 */
export async function cancelWorkSync(work: AnyWork): Promise<boolean> {
  const wasPending = cancelWork(work);
  await work.running?.ended;
  return wasPending;
}

/**
 * Waits until the last queued run of `work` has ended; a delayed item is queued at once for that.
 *
 * @returns `false` when there was nothing to wait for
 */
export async function flushWork(work: AnyWork): Promise<boolean> {
  refresh(work);
  const job = work.pending ?? work.running;
  if (!job) return false;
  if (job.state === JobState.Delayed) expire(job);
  await job.ended;
  return true;
}

/** Waits for all items that are in the queue now, which does not include delayed ones. */
export function flushWorkqueue(queue: Workqueue): Promise<void> {
  return queue.flush();
}

/**
 * Waits until the queue is empty. Meanwhile it accepts only chained items, which callbacks of its
 * own items queue.
 */
export function drainWorkqueue(queue: Workqueue): Promise<void> {
  return queue.drain();
}

/**
 * Drains the queue and releases its Workers. Nothing is lost: delayed items are queued at once and
 * run first.
 */
export function destroyWorkqueue(queue: Workqueue): Promise<void> {
  return queue.destroy(() => [...queue.delayed].forEach(expire));
}

/**
 * Sends `message` to `work` if it is running or pending. Messages arrive in order, each once.
 * Messages that its function has not read when it ends go to the next run, if that is queued
 * already, or back to `onUnread`.
 *
 * @returns `false` if the item is neither running nor pending; the message is not sent
 * @throws {DOMException} if `message` cannot be cloned; if no Worker has the item yet, the item
 * fails instead when it is handed to one
 */
export function sendToWork(work: AnyWork, message: unknown): boolean {
  refresh(work);
  const job = work.running ?? work.pending;
  if (!job) return false;
  // Done before sending, because a message counted as read after that may be this one.
  if (job === work.running) job.forgetRead();
  if (job.state === JobState.Posted) job.worker!.send(job, message);
  job.messages.push(message);
  return true;
}

/**
 * Ends the Worker that runs `work`, if any. The item fails as crashed, at once or after the results
 * of earlier items have arrived. An endless loop in JavaScript ends only with the process, but
 * nothing it does is reported any more.
 *
 * @returns whether it was running; `false` also if it has ended and its result is on the way
 */
export function killWork(work: AnyWork, reason: string): boolean {
  refresh(work);
  const job = work.running;
  return job !== null && job.worker!.killJob(job, reason);
}

/**
 * Queues a one-off item for `func`.
 *
 * @returns what `func` returns
 * @throws {WorkError} if it fails
 */
export function callWork<Result>(
  queue: Workqueue,
  func: string,
  data: unknown,
  onMessage?: (message: unknown) => void,
): Promise<Result> {
  return new Promise((onResult, onError: (error: WorkError) => void) => {
    queueWork(queue, new Work<unknown, Result>(func, data, { onResult, onError, onMessage }));
  });
}
