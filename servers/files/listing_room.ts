/**
 * Bounds the listings of a thread: how many directories are read or sorted at once, how many listings
 * wait for their turn, and how many entries are in memory.
 */

/** Works at once: each has a thread of the runtime's pool read, and competes for one event loop. */
const MAX_WORKS = 2;
/** Listings that wait for a turn; beyond it the answer is 503. */
const MAX_WAITING = 64;
/** Entries in memory beyond which no listing is begun; a million take about 100 MiB. */
export const MAX_HELD_ENTRIES = 1 << 20;

/** The bounds on listings. */
export class ListingRoom {
  readonly #maxWaiting: number;
  /** Those who wait for a turn, the longest first. */
  readonly #waiting = new Set<() => void>();
  #works = 0;
  #entries = 0;

  constructor({ maxWaiting = MAX_WAITING } = {}) {
    this.#maxWaiting = maxWaiting;
  }

  /** Whether a listing may be begun now, or may wait for its turn. */
  hasRoom(): boolean {
    return this.#waiting.size < this.#maxWaiting && this.#entries < MAX_HELD_ENTRIES;
  }

  /**
   * Does a work when it is its turn. When `signal` is aborted its turn is over at once, though the
   * work may go on for a moment.
   *
   * @throws the reason of `signal` when it is aborted before the work begins
   */
  async work<Result>(signal: AbortSignal, doWork: () => Promise<Result>): Promise<Result> {
    await this.#turn(signal);
    let hasTurn = true;
    const end = () => {
      if (hasTurn) this.#endTurn();
      hasTurn = false;
    };
    signal.addEventListener("abort", end);
    try {
      return await doWork();
    } finally {
      end();
      signal.removeEventListener("abort", end);
    }
  }

  /** `entries` more are in memory; fewer when negative. */
  hold(entries: number): void {
    this.#entries += entries;
  }

  /** Takes a turn, after waiting for it. */
  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#works < MAX_WORKS) {
      ++this.#works;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const giveUp = () => {
      this.#waiting.delete(resolve);
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    // It was aborted after it got its turn, before it went on.
    if (!signal.aborted) return;
    this.#endTurn();
    signal.throwIfAborted();
  }

  /** Hands the turn to who has waited longest. */
  #endTurn(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void --this.#works;
    this.#waiting.delete(next);
    next();
  }
}
