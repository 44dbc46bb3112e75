/** A seeded random generator: sfc32 (Chris Doty-Humphrey), with 128 bits of state. */

/** A generator whose whole state comes from its seed. */
export class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #d = 1;

  /**
   * @param seed a whole number below 2^53
   * @param stream generators with the same seed and different streams are independent
   */
  constructor(seed: number, stream = 0) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) ^ Math.imul(stream + 1, 0x85ebca6b);
    for (let i = 0; i < 15; ++i) this.word();
  }

  /** 32 random bits, as a non-negative whole number. */
  word(): number {
    const sum = (this.#a + this.#b | 0) + this.#d | 0;
    this.#d = this.#d + 1 | 0;
    this.#a = this.#b ^ this.#b >>> 9;
    this.#b = this.#c + (this.#c << 3) | 0;
    this.#c = (this.#c << 21 | this.#c >>> 11) + sum | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.word() % bound;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** A whole number from `least` to `most`; each order of magnitude is equally likely. */
  size(least: number, most: number): number {
    const bits = this.below(Math.ceil(Math.log2(most - least + 2)));
    return Math.min(most, least + this.below(2 ** bits));
  }

  /** True with a probability of `percent` %. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of `items`. */
  pick<T>(items: ArrayLike<T>): T {
    return items[this.below(items.length)];
  }
}
