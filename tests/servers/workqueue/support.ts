/** What the workqueue tests share. */
import type { Clock } from "../../../servers/workqueue/clock.ts";
import type { WorkerOptions } from "../../../servers/workqueue/pool_options.ts";
import { Work, WorkerPools, type WorkError } from "../../../servers/workqueue/mod.ts";

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #timers = new Map<number, { dueMs: number; callback: () => void }>();
  #next = 1;

  nowMs(): number {
    return this.#nowMs;
  }

  /** The delays of the timers that run, in milliseconds from now. */
  get pendingMs(): number[] {
    return [...this.#timers.values()].map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  setTimeout(callback: () => void, delayMs: number): number {
    this.#timers.set(this.#next, { dueMs: this.#nowMs + delayMs, callback });
    return this.#next++;
  }

  clearTimeout(timer: number): void {
    this.#timers.delete(timer);
  }

  /** Goes on by `ms`, firing what is due in its order. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.dueMs <= endMs)
        .sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      const [id, { dueMs, callback }] = due;
      this.#timers.delete(id);
      this.#nowMs = Math.max(this.#nowMs, dueMs);
      callback();
    }
    this.#nowMs = endMs;
  }
}

/** Words shared with the Workers, see worker.ts. */
export class Shared {
  readonly words = new Int32Array(new SharedArrayBuffer(16));

  /** Items begun by `mark` and `block`. */
  get begun(): number {
    return Atomics.load(this.words, 0);
  }

  /** `block` items that ran at the same time at most. */
  get mostAtOnce(): number {
    return Atomics.load(this.words, 2);
  }

  /** Lets `block` items up to number `until` end. */
  open(until: number): void {
    Atomics.store(this.words, 3, until);
    Atomics.notify(this.words, 3);
  }
}

/** Pools of test Workers. */
export function testPools(options: Partial<WorkerOptions> = {}, shared = new Shared()) {
  const pools = new WorkerPools({
    entry: new URL("./worker.ts", import.meta.url),
    init: { shared: shared.words },
    cpus: 2,
    growDelayMs: 1,
    areCpusShort: () => false,
    ...options,
  });
  return { pools, shared };
}

/** A work item that records what happens to it. */
export interface Recorded<Result = unknown> {
  work: Work<unknown, Result>;
  results: Result[];
  errors: WorkError[];
  messages: unknown[];
  unread: unknown[];
}

/** Makes a work item that appends `name` to `log` whenever it ends. */
export function recorded(func: string, data?: unknown, log: unknown[] = []): Recorded {
  const results: unknown[] = [], errors: WorkError[] = [];
  const messages: unknown[] = [], unread: unknown[] = [];
  const work = new Work<unknown, unknown>(func, data, {
    onResult(result) {
      results.push(result);
      log.push(result);
    },
    onError(error) {
      errors.push(error);
      log.push(error.reason);
    },
    onMessage: (message) => void messages.push(message),
    onUnread: (lost) => void unread.push(...lost),
  });
  return { work, results, errors, messages, unread };
}

/** How many Workers of `pools` are alive. */
export function alive(pools: WorkerPools): number {
  return pools.stats.filter((row) => row.alive).length;
}
