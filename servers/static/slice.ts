/** Long work on the event loop, cut into slices. */

/** How long a slice may hold the event loop: a tenth of what a waiting connection may notice. */
const SLICE_MS = 4;

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
