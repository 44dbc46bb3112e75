/**
 * Long work on the event loop, cut into slices. A turn of the loop has one slice of one work, however
 * many are under way: each takes longer then, but other requests do not wait longer.
 */

/**
 * How long a slice may hold the event loop. A waiting connection may notice 50 ms: one or two slices
 * before its request is read, one before it is answered, and a garbage collection.
 */
const SLICE_MS = 4;

/** Works that wait for their turn. */
const waiting: (() => void)[] = [];

/**
 * By a timer: the event loop sleeps until it is due, and looks after its sockets as it does. What is
 * sooner (`setImmediate`, messages, an answer of the thread pool, a timer that was set before a slice
 * and is due after it) can keep it from them for dozens of slices.
 */
function schedule(): void {
  setTimeout(() => {
    waiting.shift()!();
    // Set when the slice has ended, or a little later.
    if (waiting.length > 0) setTimeout(schedule);
  });
}

/** When the slice of this turn ends: one work may begin where another has ended. */
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

  /** Lets the event loop do what is due, then begins the next slice. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) schedule();
    });
    turnEndMs = this.#endMs = performance.now() + SLICE_MS;
  }
}
