/** Long work on the event loop, cut into slices. */

/**
 * How long a slice may hold the event loop. A waiting connection may notice 50 ms: several turns of
 * the loop, each with a slice of every listing that is under way, and a garbage collection.
 */
const SLICE_MS = 2;

/** `if (slice.isOver()) await slice.next();` within a long loop lets others have their turn. */
export class Slice {
  #endMs = performance.now() + SLICE_MS;

  /** Whether it is time to yield. */
  isOver(): boolean {
    return performance.now() > this.#endMs;
  }

  /** Lets the event loop do what is due, then begins the next slice. */
  async next(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.#endMs = performance.now() + SLICE_MS;
  }
}
