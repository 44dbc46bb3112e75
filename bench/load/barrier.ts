/**
 * A cyclic barrier over shared memory, like pthread_barrier_wait(3): threads (Web Workers, and the
 * main thread) wait until all have arrived and are then released together, round after round.
 * Waiting is asynchronous, so an event loop keeps turning meanwhile.
 */

/** Slots of the shared memory, 32 bits each. */
const enum Slot {
  /** How many threads the barrier waits for; never changes. */
  Parties,
  /** How many have arrived in this round. */
  Arrived,
  /** Grows by one with each release; the threads wait on it. */
  Generation,
  /** 1 after {@linkcode Barrier.break}. */
  Broken,
  Length,
}

/** The longest delay that a timer supports, about 24 days. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Thrown by {@linkcode Barrier.wait} when a thread will never arrive. */
export class BrokenBarrier extends Error {
  override name = "BrokenBarrier";
}

/** One thread's view of a barrier. */
export class Barrier {
  readonly #slots: Int32Array<SharedArrayBuffer>;

  /** Attaches to the barrier in `shared`, the {@linkcode shared} memory of another thread's. */
  constructor(shared: SharedArrayBuffer) {
    this.#slots = new Int32Array(shared);
  }

  /** A new barrier that releases its threads when `parties` of them wait. */
  static create(parties: number): Barrier {
    const barrier = new Barrier(new SharedArrayBuffer(Slot.Length * Int32Array.BYTES_PER_ELEMENT));
    barrier.#slots[Slot.Parties] = parties;
    return barrier;
  }

  /** The memory to post to the other threads. */
  get shared(): SharedArrayBuffer {
    return this.#slots.buffer;
  }

  /**
   * Arrives, and waits until all parties have.
   *
   * @param timeoutMs how long to wait for the others; when it expires, the barrier is broken
   * @throws {BrokenBarrier} when the barrier is broken, before or while this thread waits
   */
  async wait(timeoutMs = MAX_TIMEOUT_MS): Promise<void> {
    this.#throwIfBroken();
    const slots = this.#slots;
    // Cannot change before this thread has arrived, so it is this round's number.
    const generation = Atomics.load(slots, Slot.Generation);
    if (Atomics.add(slots, Slot.Arrived, 1) + 1 === slots[Slot.Parties]) {
      Atomics.store(slots, Slot.Arrived, 0);
      this.#release();
      return;
    }
    // Atomics.waitAsync alone does not keep the event loop alive, not even to run what break() has
    // just woken. A repeating timer does, also when there is no time limit.
    const timer = setInterval(() => this.break(), timeoutMs);
    try {
      while (Atomics.load(slots, Slot.Generation) === generation) {
        await Atomics.waitAsync(slots, Slot.Generation, generation).value;
      }
    } finally {
      clearInterval(timer);
    }
    this.#throwIfBroken();
  }

  /** Makes every present and future {@linkcode wait} throw, because the run is over. */
  break(): void {
    Atomics.store(this.#slots, Slot.Broken, 1);
    this.#release();
  }

  #release(): void {
    Atomics.add(this.#slots, Slot.Generation, 1);
    Atomics.notify(this.#slots, Slot.Generation);
  }

  #throwIfBroken(): void {
    if (Atomics.load(this.#slots, Slot.Broken) === 1) {
      throw new BrokenBarrier("The barrier is broken: a thread left before all had arrived");
    }
  }
}
