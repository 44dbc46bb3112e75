/**
 * A limit on open connections that several threads share: each thread counts its own in one element
 * of a shared array, so that the count of a crashed thread can be cleared.
 */

/** One thread's share of the count. */
export class ConnectionLimit {
  readonly #counts: Int32Array<SharedArrayBuffer>;
  readonly #index: number;
  readonly #max: number;

  /**
   * @param counts open connections by thread
   * @param index this thread's place
   * @param max connections over all threads
   */
  constructor(counts: Int32Array<SharedArrayBuffer>, index: number, max: number) {
    this.#counts = counts;
    this.#index = index;
    this.#max = max;
  }

  /** A limit for one thread alone. */
  static alone(max: number): ConnectionLimit {
    return new ConnectionLimit(new Int32Array(new SharedArrayBuffer(4)), 0, max);
  }

  /**
   * Whether the limit is reached. Threads that ask at the same moment may each exceed it by one
   * connection.
   */
  isReached(): boolean {
    return this.open >= this.#max;
  }

  /** Open connections over all threads. */
  get open(): number {
    let open = 0;
    for (let i = 0; i < this.#counts.length; ++i) open += Atomics.load(this.#counts, i);
    return open;
  }

  opened(): void {
    Atomics.add(this.#counts, this.#index, 1);
  }

  closed(): void {
    Atomics.sub(this.#counts, this.#index, 1);
  }
}
