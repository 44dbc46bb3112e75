/**
 * Latency histograms: `hdr-histogram-js` in its Wasm form (three times as fast to record as its
 * JavaScript form), with the unit and the precision that every part of ktcp shares.
 *
 * One tick is 0.01 µs, so that three significant digits hold from 10 µs up and 0.1 µs can still be
 * told from 0.2 µs. The range grows on demand; 60 s is 6e9 ticks. A histogram has room for any
 * number of samples in some 100 KiB.
 */
import { build, type Histogram, initWebAssemblySync, WasmHistogram } from "hdr-histogram-js";
import { type Bucket, buckets, compress, decompress } from "./hdr_encoding.ts";

/** Ticks of the histogram in one microsecond. */
const TICKS_PER_US = 100;

/** The longest latency that is recorded as it is: an hour. What is longer counts as an hour. */
const MAX_LATENCY_US = 3.6e9;

/**
 * The relative width of a histogram bucket: a recorded latency is known to this part of itself, or
 * to {@linkcode RESOLUTION_US}, whichever is more.
 */
export const RESOLUTION_RATIO = 0.001;

/** The smallest difference in microseconds that a histogram can tell. */
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

function isWithin(ticks: number, { low, high }: Bucket): boolean {
  return low <= ticks && ticks <= high;
}

/** Every latency of a run, to three significant digits; mergeable across Workers. */
export class LatencyHistogram {
  #histogram: Histogram;
  /** Kept apart, since HDR knows the extremes of an encoded histogram only to its resolution. */
  #minTicks = Infinity;
  #maxTicks = 0;

  /** An empty histogram, or the one that {@linkcode encode} wrote to `encoded`. */
  constructor(encoded?: Uint8Array) {
    initWebAssemblySync();
    if (!encoded) {
      this.#histogram = build({ useWebAssembly: true });
      return;
    }
    const extremes = new DataView(encoded.buffer, encoded.byteOffset, EXTREMES_BYTES);
    this.#minTicks = extremes.getFloat64(0);
    this.#maxTicks = extremes.getFloat64(8);
    this.#histogram = WasmHistogram.decode(encoded.subarray(EXTREMES_BYTES));
    // What is decoded would refuse to take in larger samples.
    this.#histogram.autoResize = true;
  }

  /**
   * An empty histogram that counts in 64 bits, so that the sum of many runs is exact. Others count
   * in 32, which is faster and enough for one run.
   */
  static ofManySamples(): LatencyHistogram {
    const histogram = new LatencyHistogram();
    histogram.#histogram.destroy();
    histogram.#histogram = build({ useWebAssembly: true, bitBucketSize: 64 });
    return histogram;
  }

  /**
   * Files one latency, in microseconds. Open-loop callers pass the time since the intended start
   * (see `pacer.ts`); nothing is corrected here.
   */
  record(latencyUs: number): void {
    const us = Math.min(latencyUs, MAX_LATENCY_US);
    // HDR's smallest non-zero value is one tick; 0 would vanish from its minimum.
    const ticks = Math.max(1, Math.round(us * TICKS_PER_US));
    if (ticks < this.#minTicks) this.#minTicks = ticks;
    if (ticks > this.#maxTicks) this.#maxTicks = ticks;
    this.#histogram.recordValue(ticks);
  }

  /** Adds every sample of `other`, which stays as it is. */
  merge(other: LatencyHistogram): void {
    this.#minTicks = Math.min(this.#minTicks, other.#minTicks);
    this.#maxTicks = Math.max(this.#maxTicks, other.#maxTicks);
    this.#histogram.add(other.#histogram);
  }

  /** The samples as bytes of their own, to post or to transfer to another Worker. */
  encode(): Uint8Array<ArrayBuffer> {
    const buckets = (this.#histogram as WasmHistogram).encode();
    const encoded = new Uint8Array(EXTREMES_BYTES + buckets.length);
    const extremes = new DataView(encoded.buffer);
    extremes.setFloat64(0, this.#minTicks);
    extremes.setFloat64(8, this.#maxTicks);
    encoded.set(buckets, EXTREMES_BYTES);
    return encoded;
  }

  /**
   * The samples in the standard encoding of HdrHistogram: V2, compressed, as base64. Values are
   * hundredths of a microsecond.
   */
  compressed(): string {
    const encoding = (this.#histogram as WasmHistogram).encode();
    return compress(encoding, MAX_LATENCY_US * TICKS_PER_US);
  }

  /**
   * The histogram that {@linkcode compressed} wrote to `text`, {@linkcode ofManySamples}.
   *
   * @param extremes the smallest and the largest sample in microseconds, which the encoding knows
   *   to its resolution only; default: the ends of their buckets
   * @throws {SyntaxError} when `text` is none, or holds no such samples
   */
  static fromCompressed(
    text: string,
    extremes?: { minUs: number; maxUs: number },
  ): LatencyHistogram {
    const filled = [...buckets(decompress(text))];
    if (filled.some(({ low }) => low > MAX_LATENCY_US * TICKS_PER_US)) {
      throw new SyntaxError("The histogram holds a sample that is longer than any latency");
    }
    const histogram = LatencyHistogram.ofManySamples();
    for (const { low, count } of filled) histogram.#histogram.recordValueWithCount(low, count);
    if (filled.length === 0) return histogram;
    const [first, last] = [filled[0], filled.at(-1)!];
    histogram.#minTicks = extremes ? Math.round(extremes.minUs * TICKS_PER_US) : first.low;
    histogram.#maxTicks = extremes ? Math.round(extremes.maxUs * TICKS_PER_US) : last.high;
    if (!isWithin(histogram.#minTicks, first) || !isWithin(histogram.#maxTicks, last)) {
      throw new SyntaxError("The histogram does not hold the smallest and the largest sample");
    }
    return histogram;
  }

  /** Forgets every sample. */
  reset(): void {
    this.#minTicks = Infinity;
    this.#maxTicks = 0;
    this.#histogram.reset();
  }

  /** Frees the Wasm memory; the histogram must not be used after it. */
  destroy(): void {
    this.#histogram.destroy();
  }

  /** How many latencies were filed. */
  get count(): number {
    return this.#histogram.totalCount;
  }

  /** The smallest latency in microseconds; meaningless while {@linkcode count} is 0. */
  get minUs(): number {
    return this.#minTicks / TICKS_PER_US;
  }

  /** The largest latency in microseconds; meaningless while {@linkcode count} is 0. */
  get maxUs(): number {
    return this.#maxTicks / TICKS_PER_US;
  }

  /** The arithmetic mean in microseconds. */
  get meanUs(): number {
    return this.#histogram.mean / TICKS_PER_US;
  }

  /** The standard deviation (of the population) in microseconds. */
  get sdUs(): number {
    return this.#histogram.stdDeviation / TICKS_PER_US;
  }

  /**
   * The latency in microseconds that `percentile` (0…100) of the samples do not exceed: the sample
   * of rank `percentile / 100 * count`, rounded up, at least the first (the nearest-rank method).
   */
  percentileUs(percentile: number): number {
    // HDR answers with the end of the bucket, which may lie above the largest sample in it.
    return Math.min(this.#histogram.getValueAtPercentile(percentile) / TICKS_PER_US, this.maxUs);
  }

  /** How many samples are at most `latencyUs`, up to the histogram's resolution. */
  countUpTo(latencyUs: number): number {
    return this.countsUpTo([latencyUs])[0];
  }

  /** How many samples are at most as large as each of `edgesUs`, which ascend. */
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

  #buckets(): Iterable<Bucket> {
    return buckets((this.#histogram as WasmHistogram).encode());
  }

  /**
   * The distribution as points that grow denser towards both ends, from the minimum to the maximum,
   * for plots. Empty when there are no samples.
   */
  curve(): CurvePoint[] {
    if (this.count === 0) return [];
    const distances: number[] = [];
    // No sample lies nearer to an end than a whole rank.
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
