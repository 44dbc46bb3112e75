/**
 * The calls on queues and items, by the kernel's names. All of them belong on the thread that
 * allocated the queue.
 */
import type { TimerId } from "../../system/clock.ts";
import { WQ_UNBOUND } from "./flags.ts";
import { Job, JobState, refresh, Work, type WorkError } from "./work.ts";
import { Workqueue, type WorkqueueOptions } from "./workqueue.ts";

/** An item, whatever it is given and returns. */
// deno-lint-ignore no-explicit-any
export type AnyWork = Work<any, any>;

/** A job whose timer runs. */
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

/** Allocates a queue whose items run one after the other, in the order in which they came. */
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
 * Queues `work`. An item that runs is run again afterwards, never beside itself.
 *
 * What was written to shared memory before the call is seen by the run that follows, also when
 * the answer is `false`.
 *
 * @returns `false` when it was pending already: it is not queued twice
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
 * @returns `false` when it was pending already: its time stays as it was
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

/** Ends the delay of `job`: its queue takes it in now. */
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
 * Cancels `work` if it is pending, delayed or not; none of its callbacks is called for that. If it
 * runs, it runs on.
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

/** Cancels delayed work: the kernel has a call of its own for that, here one does both. */
export const cancelDelayedWork = cancelWork;

/**
 * Cancels `work` if it is pending, and waits for its end if it runs.
 *
 * @returns whether it was pending
 */
export async function cancelWorkSync(work: AnyWork): Promise<boolean> {
  const wasPending = cancelWork(work);
  await work.running?.ended;
  return wasPending;
}

/**
 * Waits for the end of what was queued last of `work`; a delayed item is queued at once for that.
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

/** Waits for all items that are in the queue now; delayed ones are not. */
export function flushWorkqueue(queue: Workqueue): Promise<void> {
  return queue.flush();
}

/**
 * Waits until the queue is empty. Meanwhile it takes only chained items: those that callbacks of
 * its own items queue.
 */
export function drainWorkqueue(queue: Workqueue): Promise<void> {
  return queue.drain();
}

/**
 * Drains the queue and lets go of its Workers. Nothing is lost: delayed items are queued at once
 * and run before.
 */
export function destroyWorkqueue(queue: Workqueue): Promise<void> {
  return queue.destroy(() => [...queue.delayed].forEach(expire));
}

/**
 * Sends `message` to `work` if it runs or is going to; it gets messages in their order, each once.
 * What its function has not read when it ends goes to the next run, if it is queued already, or
 * back to `onUnread`.
 *
 * @returns `false` when the item neither runs nor waits: the message is not sent
 * @throws {DOMException} if `message` cannot be cloned; an item that no Worker has yet fails
 * instead, when it is handed to one
 */
export function sendToWork(work: AnyWork, message: unknown): boolean {
  refresh(work);
  const job = work.running ?? work.pending;
  if (!job) return false;
  // Before sending: a message counted as read afterwards may be this one.
  if (job === work.running) job.forgetRead();
  if (job.state === JobState.Posted) job.worker!.send(job, message);
  job.messages.push(message);
  return true;
}

/**
 * Ends the Worker under `work`, if it runs: the item fails as crashed, at once or after the results
 * of items before it that are on their way. An endless loop of JavaScript ends only with the
 * process, but nothing it does is reported any more.
 *
 * @returns whether it ran; `false`, too, when it has ended and its result is on the way
 */
export function killWork(work: AnyWork, reason: string): boolean {
  refresh(work);
  const job = work.running;
  return job !== null && job.worker!.killJob(job, reason);
}

/**
 * Queues an item for `func` that is used once.
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
