/** Reproducible randomness: a generator whose whole state is its seed. */

/** Marsaglia's 32-bit xorshift: fast, and random enough to choose positions and bytes. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % bound;
  }

  /** One of `items`. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)];
  }

  /** `length` bytes out of `alphabet`. */
  bytes(length: number, alphabet: Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; ++i) bytes[i] = alphabet[this.below(alphabet.length)];
    return bytes;
  }

  /** `bytes` in pieces of 1 to `longest` bytes. */
  *pieces(bytes: Uint8Array, longest: number): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length;) {
      const length = 1 + this.below(longest);
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
}
