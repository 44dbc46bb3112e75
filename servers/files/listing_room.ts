/**
 * Bounds the listings of a thread: how many directories are read or sorted at once, how many listings
 * wait for their turn, and how many entries are in memory.
 */

/**
 * Most directories read or sorted at once: each occupies a thread of the runtime's pool, and they
 * compete for one event loop.
 */
const MAX_WORKS = 2;
/** Most listings that may wait for a turn; further requests get 503. */
const MAX_WAITING = 64;
/** Entries in memory beyond which no listing is begun; a million take about 100 MiB. */
export const MAX_HELD_ENTRIES = 1 << 20;

/** The bounds on listings. */
export class ListingRoom {
  readonly #maxWaiting: number;
  /** Callbacks that wait for a turn, the longest first. */
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
   * Runs `doWork` when its turn comes. When `signal` is aborted, the turn ends at once, though the
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

  /** Counts `entries` more in memory; fewer if negative. */
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
    // It was aborted between getting its turn and resuming.
    if (!signal.aborted) return;
    this.#endTurn();
    signal.throwIfAborted();
  }

  /** Hands the turn to the one that has waited longest. */
  #endTurn(): void {
    const [next] = this.#waiting;
    if (next === undefined) return void --this.#works;
    this.#waiting.delete(next);
    next();
  }
}
