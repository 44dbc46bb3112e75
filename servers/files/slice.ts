/**
 * Long work on the event loop, cut into slices. Each turn of the loop runs one slice of one task,
 * however many tasks there are: each takes longer then, but other requests do not wait longer.
 */

/**
 * How long a slice may hold the event loop, in milliseconds. A connection should wait less than 50
 * ms in all: for one or two slices before its request is read, one before it is answered, and a
 * garbage collection.
 */
const SLICE_MS = 4;

/** Tasks that wait for their turn. */
const waiting: (() => void)[] = [];

/**
 * Uses a timer, because the event loop polls its sockets while it waits for one. Anything sooner
 * (`setImmediate`, messages, an answer of the thread pool, a timer that was set before a slice and
 * is due after it) can keep it from polling them for dozens of slices.
 */
function schedule(): void {
  setTimeout(() => {
    waiting.shift()!();
    // The timer is set after the slice has ended.
    if (waiting.length > 0) setTimeout(schedule);
  });
}

/** When the slice of this turn ends: a task that begins in the same turn shares it. */
let turnEndMs = 0;

/** `if (slice.isOver()) await slice.next();` within a long loop lets others have their turn. */
export class Slice {
  #endMs: number;

  constructor() {
    const nowMs = performance.now();
    if (nowMs >= turnEndMs) turnEndMs = nowMs + SLICE_MS;
    this.#endMs = turnEndMs;
  }

  /** Whether it is time to yield. */
  isOver(): boolean {
    return performance.now() > this.#endMs;
  }

  /** Lets the event loop handle what is due, then begins the next slice. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) schedule();
    });
    turnEndMs = this.#endMs = performance.now() + SLICE_MS;
  }
}
