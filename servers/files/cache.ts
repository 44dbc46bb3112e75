/**
 * A least-recently-used table bounded in bytes. Pure.
 *
 * A Map keeps insertion order, so the first key is the one used longest ago: a hit moves its entry to
 * the end, an insertion evicts from the front until the bytes fit.
 */
export class Cache<Value> {
  readonly #entries = new Map<string, { value: Value; bytes: number }>();
  readonly #capacityBytes: number;
  #bytes = 0;

  /** @param capacityBytes the limit on the sum of all entries; 0 keeps nothing */
  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes;
  }

  /** Bytes held, as given to {@linkcode set}. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries held. */
  get size(): number {
    return this.#entries.size;
  }

  /** The value under `key`, which becomes the most recently used. */
  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Keeps `value`, which counts as `bytes`, unless it alone exceeds the capacity. */
  set(key: string, value: Value, options: { bytes: number }): void {
    this.delete(key);
    if (options.bytes > this.#capacityBytes) return;
    this.#entries.set(key, { value, bytes: options.bytes });
    this.#bytes += options.bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capacityBytes) break;
      this.delete(oldest);
    }
  }

  /** Removes `key`, if present. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}
