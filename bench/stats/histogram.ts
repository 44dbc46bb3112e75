/**
 * Latency histograms with the buckets of HdrHistogram, and with the unit and precision that all of
 * ktcp uses.
 *
 * One tick is 0.01 µs, so that there are three significant digits from 10 µs up, and 0.1 µs can
 * still be distinguished from 0.2 µs. The room grows on demand; a histogram takes 90 to 240 KB for
 * any number of samples.
 *
 * `hdr-histogram-js` has the same buckets, in WebAssembly. To load it takes each thread of a load 30 ms
 * of CPU time, where a whole Worker takes 10, and to record a sample 20 ns, where it takes 7 here.
 */
import { type Bucket, bucketOf, rangeOf } from "./buckets.ts";
import { buckets, encodeCounts } from "./hdr_encoding.ts";

/** Ticks of the histogram in one microsecond. */
const TICKS_PER_US = 100;

/** The longest latency, an hour; longer ones count as an hour. */
const MAX_LATENCY_US = 3.6e9;

/**
 * The relative width of a histogram bucket: the error of a recorded latency is this share of it, or
 * {@linkcode RESOLUTION_US}, whichever is larger.
 */
export const RESOLUTION_RATIO = 0.001;

/** The smallest difference that a histogram can represent, in microseconds. */
export const RESOLUTION_US = 1 / TICKS_PER_US;

/** Bytes before an encoded histogram: minimum and maximum in ticks, as doubles. */
const EXTREMES_BYTES = 16;

/** A point of a distribution: `percentile` in 0…100, and the latency that it does not exceed. */
export interface CurvePoint {
  /** 0 to 100. */
  percentile: number;
  /** In microseconds. */
  latencyUs: number;
}

/** Ratio of the distances of neighbouring points of {@linkcode LatencyHistogram.curve} to its end. */
const POINT_RATIO = 2 ** (1 / 8);

/** The largest number of ticks that is recorded. */
const MAX_TICKS = MAX_LATENCY_US * TICKS_PER_US;

/** Buckets that there is room for at first: for 10 ms. */
const FIRST_BUCKETS = bucketOf(10_000 * TICKS_PER_US) + 1;

function isWithin(ticks: number, { low, high }: Bucket): boolean {
  return low <= ticks && ticks <= high;
}

/** Every latency of a run, to three significant digits; mergeable across Workers. */
export class LatencyHistogram {
  /** Samples of each bucket. As doubles, which are exact also for the sum of many runs. */
  #counts = new Float64Array(FIRST_BUCKETS);
  #count = 0;
  /** Kept apart, since the buckets know the extremes only to their width. */
  #minTicks = Infinity;
  #maxTicks = 0;

  /** An empty histogram, or the one that {@linkcode encode} wrote to `encoded`. */
  constructor(encoded?: Uint8Array) {
    if (!encoded) return;
    const extremes = new DataView(encoded.buffer, encoded.byteOffset, EXTREMES_BYTES);
    this.#fill(buckets(encoded.subarray(EXTREMES_BYTES)));
    this.#minTicks = extremes.getFloat64(0);
    this.#maxTicks = extremes.getFloat64(8);
  }

  /**
   * A histogram of the samples in `filled`, which ascend.
   *
   * @param extremes the smallest and the largest sample in microseconds; default: the ends of their
   *   buckets
   * @throws {SyntaxError} when there are no such samples, or they are longer than any latency
   */
  static ofBuckets(
    filled: readonly Bucket[],
    extremes?: { minUs: number; maxUs: number },
  ): LatencyHistogram {
    if (filled.some(({ low }) => low > MAX_TICKS)) {
      throw new SyntaxError("The histogram holds a sample that is longer than any latency");
    }
    const histogram = new LatencyHistogram();
    histogram.#fill(filled);
    if (filled.length === 0) return histogram;
    const [first, last] = [filled[0], filled.at(-1)!];
    histogram.#minTicks = extremes ? Math.round(extremes.minUs * TICKS_PER_US) : first.low;
    histogram.#maxTicks = extremes ? Math.round(extremes.maxUs * TICKS_PER_US) : last.high;
    if (!isWithin(histogram.#minTicks, first) || !isWithin(histogram.#maxTicks, last)) {
      throw new SyntaxError("The histogram does not hold the smallest and the largest sample");
    }
    return histogram;
  }

  #fill(filled: Iterable<Bucket>): void {
    for (const { low, count } of filled) {
      const index = bucketOf(low);
      this.#makeRoom(index + 1);
      this.#counts[index] += count;
      this.#count += count;
    }
  }

  /** Makes room for `length` buckets. */
  #makeRoom(length: number): void {
    if (length <= this.#counts.length) return;
    const counts = new Float64Array(Math.min(2 * length, bucketOf(MAX_TICKS) + 1));
    counts.set(this.#counts);
    this.#counts = counts;
  }

  /**
   * Records one latency, in microseconds. Open-loop callers pass the time since the intended start
   * (see `pacer.ts`); nothing is corrected here.
   */
  record(latencyUs: number): void {
    const us = Math.min(latencyUs, MAX_LATENCY_US);
    // HDR's smallest non-zero value is one tick; 0 would vanish from its minimum.
    const ticks = Math.max(1, Math.round(us * TICKS_PER_US));
    if (ticks < this.#minTicks) this.#minTicks = ticks;
    if (ticks > this.#maxTicks) this.#maxTicks = ticks;
    const index = bucketOf(ticks);
    if (index >= this.#counts.length) this.#makeRoom(index + 1);
    this.#counts[index]++;
    this.#count++;
  }

  /** Adds every sample of `other`, which is unchanged. */
  merge(other: LatencyHistogram): void {
    this.#minTicks = Math.min(this.#minTicks, other.#minTicks);
    this.#maxTicks = Math.max(this.#maxTicks, other.#maxTicks);
    this.#makeRoom(other.#counts.length);
    for (const index of other.#indexes()) this.#counts[index] += other.#counts[index];
    this.#count += other.#count;
  }

  /** The samples as bytes of their own, to post or to transfer to another Worker. */
  encode(): Uint8Array<ArrayBuffer> {
    const counts = this.encodeCounts();
    const encoded = new Uint8Array(EXTREMES_BYTES + counts.length);
    const extremes = new DataView(encoded.buffer);
    extremes.setFloat64(0, this.#minTicks);
    extremes.setFloat64(8, this.#maxTicks);
    encoded.set(counts, EXTREMES_BYTES);
    return encoded;
  }

  /** The samples in the standard encoding of HdrHistogram, V2; values are hundredths of a microsecond. */
  encodeCounts(): Uint8Array<ArrayBuffer> {
    return encodeCounts(this.#counts, MAX_TICKS);
  }

  /** Removes all samples. */
  reset(): void {
    this.#minTicks = Infinity;
    this.#maxTicks = 0;
    this.#count = 0;
    this.#counts.fill(0);
  }

  /** How many latencies were recorded. */
  get count(): number {
    return this.#count;
  }

  /** The smallest latency in microseconds; meaningless while {@linkcode count} is 0. */
  get minUs(): number {
    return this.#minTicks / TICKS_PER_US;
  }

  /** The largest latency in microseconds; meaningless while {@linkcode count} is 0. */
  get maxUs(): number {
    return this.#maxTicks / TICKS_PER_US;
  }

  /** The arithmetic mean in microseconds; 0 without samples. */
  get meanUs(): number {
    return this.#meanOf((ticks) => ticks) / TICKS_PER_US;
  }

  /** The standard deviation (of the population) in microseconds; 0 without samples. */
  get sdUs(): number {
    const mean = this.meanUs * TICKS_PER_US;
    return Math.sqrt(this.#meanOf((ticks) => (ticks - mean) ** 2)) / TICKS_PER_US;
  }

  /** The mean of what `of` makes of the samples, each taken for the middle of its bucket. */
  #meanOf(of: (ticks: number) => number): number {
    let sum = 0;
    for (const { low, high, count } of this.#buckets()) sum += of((low + high) / 2) * count;
    return this.#count === 0 ? 0 : sum / this.#count;
  }

  /**
   * The latency in microseconds that `percentile` (0…100) of the samples do not exceed: the sample
   * of rank `percentile / 100 * count`, rounded up, at least the first (the nearest-rank method). 0
   * without samples.
   */
  percentileUs(percentile: number): number {
    // 99.9 / 100 * 1000 is a little more than 999.
    const exact = percentile / 100 * this.#count;
    const rank = Math.max(1, Math.ceil(exact - exact * Number.EPSILON));
    let below = 0;
    for (const index of this.#indexes()) {
      below += this.#counts[index];
      // The end of the bucket may lie above the largest sample in it.
      if (below >= rank) return Math.min(rangeOf(index).high, this.#maxTicks) / TICKS_PER_US;
    }
    return this.maxUs;
  }

  /** How many samples are at most `latencyUs`, up to the histogram's resolution. */
  countUpTo(latencyUs: number): number {
    return this.countsUpTo([latencyUs])[0];
  }

  /** How many samples are at most as large as each of `edgesUs`, which must be ascending. */
  countsUpTo(edgesUs: readonly number[]): number[] {
    const counts: number[] = [];
    let total = 0;
    for (const { high, count } of this.#buckets()) {
      // The bucket of the largest sample may reach above it.
      const us = Math.min(high, this.#maxTicks) / TICKS_PER_US;
      while (counts.length < edgesUs.length && edgesUs[counts.length] < us) counts.push(total);
      total += count;
    }
    while (counts.length < edgesUs.length) counts.push(total);
    return counts;
  }

  /** Numbers of the buckets that are not empty, ascending. */
  *#indexes(): Generator<number> {
    if (this.#count === 0) return;
    const last = bucketOf(this.#maxTicks);
    for (let index = bucketOf(this.#minTicks); index <= last; index++) {
      if (this.#counts[index] > 0) yield index;
    }
  }

  *#buckets(): Generator<Bucket> {
    for (const index of this.#indexes()) {
      yield { ...rangeOf(index), count: this.#counts[index] };
    }
  }

  /**
   * The distribution as points that grow denser towards both ends, from the minimum to the maximum,
   * for plots. Empty when there are no samples.
   */
  curve(): CurvePoint[] {
    if (this.count === 0) return [];
    const distances: number[] = [];
    // No point is closer to an end than one rank.
    for (let distance = 50; distance * this.count >= 100; distance /= POINT_RATIO) {
      distances.push(distance);
    }
    const inner = [...distances.toReversed(), ...distances.map((distance) => 100 - distance)];
    return [
      { percentile: 0, latencyUs: this.minUs },
      ...inner.map((percentile) => ({ percentile, latencyUs: this.percentileUs(percentile) })),
      { percentile: 100, latencyUs: this.maxUs },
    ];
  }
}
