import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import {
  LatencyHistogram,
  RESOLUTION_RATIO,
  RESOLUTION_US,
} from "../../../bench/stats/histogram.ts";
import { compressed, fromCompressed } from "../../../bench/stats/hdr_text.ts";
import { figureLabel, FIGURES, PERCENTILES, summarize } from "../../../bench/stats/summary.ts";

/** Latencies from 0.1 µs to 60 s, spread evenly over the orders of magnitude. */
const latency = fc.double({ min: Math.log(0.1), max: Math.log(60e6), noNaN: true }).map(Math.exp);
const samples = fc.array(latency, { minLength: 1, maxLength: 400 });

function histogramOf(values: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  values.forEach((us) => histogram.record(us));
  return histogram;
}

/** The exact percentile: the sample of the nearest rank. */
function exactPercentile(values: number[], percentile: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(percentile * values.length / 100));
  return sorted[rank - 1];
}

function assertClose(actual: number, exact: number, what: string): void {
  const tolerance = exact * RESOLUTION_RATIO + RESOLUTION_US;
  assert.ok(Math.abs(actual - exact) <= tolerance, `${what}: ${actual}, exactly ${exact}`);
}

Deno.test("LatencyHistogram: percentiles, extremes and mean are exact to its resolution", () => {
  fc.assert(fc.property(samples, (values) => {
    const histogram = histogramOf(values);
    for (const percentile of [0, 1, 25, ...Object.values(PERCENTILES), 100]) {
      const actual = histogram.percentileUs(percentile);
      assertClose(actual, exactPercentile(values, percentile), `p${percentile}`);
    }
    assertClose(histogram.minUs, Math.min(...values), "min");
    assertClose(histogram.maxUs, Math.max(...values), "max");
    const mean = values.reduce((a, b) => a + b) / values.length;
    assertClose(histogram.meanUs, mean, "mean");
    const variance = values.reduce((sum, us) => sum + (us - mean) ** 2, 0) / values.length;
    // Each sample is off by up to the resolution at its own size, so the deviation is too.
    const tolerance = Math.max(...values) * RESOLUTION_RATIO + RESOLUTION_US;
    assert.ok(Math.abs(histogram.sdUs - Math.sqrt(variance)) <= tolerance, "sd");
  }));
});

Deno.test("LatencyHistogram: merging and encoding change nothing", () => {
  fc.assert(fc.property(samples, samples, (a, b) => {
    const merged = histogramOf(a);
    const copy = new LatencyHistogram(histogramOf(b).encode());
    merged.merge(copy);
    const whole = histogramOf([...a, ...b]);
    assert.deepEqual(summarize(merged), summarize(whole));
    assert.equal(copy.count, b.length, "the merged one stays as it is");
  }));
});

Deno.test("compressed(): is read back with the extremes, and empty", () => {
  fc.assert(
    fc.property(samples, samples, (a, b) => {
      const merged = new LatencyHistogram();
      for (const histogram of [histogramOf(a), histogramOf(b)]) {
        const { minUs, maxUs } = histogram;
        const copy = fromCompressed(compressed(histogram), { minUs, maxUs });
        assert.deepEqual(summarize(copy), summarize(histogram));
        merged.merge(copy);
      }
      const whole = histogramOf([...a, ...b]);
      assert.deepEqual(summarize(merged), summarize(whole));
      assert.equal(compressed(merged), compressed(whole));
    }),
    { numRuns: 30 },
  );
  assert.equal(fromCompressed(compressed(new LatencyHistogram())).count, 0);
});

Deno.test("compressed(): the library's own reader takes it", () => {
  const histogram = histogramOf([1, 20, 300, 300, 4000]);
  const read = decodeFromCompressedBase64(compressed(histogram));
  assert.equal(read.totalCount, 5);
  assert.equal(read.getValueAtPercentile(20), 100);
  assert.equal(read.getValueAtPercentile(60), 30_015);
});

Deno.test("fromCompressed(): counts more samples than 32 bits can", () => {
  const total = new LatencyHistogram();
  total.merge(histogramOf([10, 10, 20]));
  // 3 × 2^34 samples, by doubling what was read back.
  for (let i = 0; i < 34; i++) total.merge(fromCompressed(compressed(total)));
  const copy = fromCompressed(compressed(total), { minUs: 10, maxUs: 20 });
  assert.equal(copy.count, 3 * 2 ** 34);
  assert.equal(copy.percentileUs(66.6), 10);
  assert.ok(Math.abs(copy.meanUs - 40 / 3) < 0.01);
  assert.equal(copy.countUpTo(15), 2 * 2 ** 34);
});

Deno.test("fromCompressed(): refuses what is damaged", () => {
  const text = compressed(histogramOf([10, 20]));
  const bytes = Uint8Array.fromBase64(text);
  const changed = (index: number) => bytes.with(index, bytes[index] ^ 0x55).toBase64();
  for (
    const wrong of ["", "???", "AAAA", text.slice(0, 20), changed(2), changed(12), changed(30)]
  ) {
    assert.throws(() => fromCompressed(wrong), { name: "SyntaxError" });
  }
  for (const extremes of [{ minUs: 5, maxUs: 20 }, { minUs: 10, maxUs: 30 }]) {
    assert.throws(
      () => fromCompressed(text, extremes),
      /smallest and the largest/,
    );
  }
});

Deno.test("LatencyHistogram: takes 0, single ticks, and what is longer than an hour", () => {
  const histogram = histogramOf([0, 0.1, 0.2, 60e6, 1e12]);
  assert.equal(histogram.count, 5);
  assert.equal(histogram.minUs, 0.01);
  assert.equal(histogram.percentileUs(40), 0.1);
  assert.equal(histogram.percentileUs(60), 0.2);
  assertClose(histogram.percentileUs(80), 60e6, "a minute");
  assert.equal(histogram.maxUs, 3.6e9);
});

Deno.test("LatencyHistogram.countUpTo(): counts like a filter, away from bucket edges", () => {
  fc.assert(fc.property(samples, latency, (values, limit) => {
    const margin = limit * 2 * RESOLUTION_RATIO + 2 * RESOLUTION_US;
    fc.pre(values.every((us) => Math.abs(us - limit) > margin));
    const count = histogramOf(values).countUpTo(limit);
    assert.equal(count, values.filter((us) => us <= limit).length);
  }));
});

Deno.test("LatencyHistogram.curve(): rises from the minimum to the maximum", () => {
  assert.deepEqual(new LatencyHistogram().curve(), []);
  fc.assert(fc.property(samples, (values) => {
    const histogram = histogramOf(values);
    const curve = histogram.curve();
    assert.deepEqual(curve[0], { percentile: 0, latencyUs: histogram.minUs });
    assert.deepEqual(curve.at(-1), { percentile: 100, latencyUs: histogram.maxUs });
    for (let i = 1; i < curve.length; i++) {
      assert.ok(curve[i].percentile >= curve[i - 1].percentile);
      assert.ok(curve[i].latencyUs >= curve[i - 1].latencyUs);
    }
  }));
});

Deno.test("LatencyHistogram: records in a Worker without permissions", async () => {
  const worker = new Worker(new URL("./histogram_worker.ts", import.meta.url), {
    type: "module",
    deno: { permissions: "none" },
  });
  try {
    const encoded = await new Promise<Uint8Array>((resolve, reject) => {
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage([10, 20, 30]);
    });
    const histogram = new LatencyHistogram(encoded);
    assert.equal(histogram.count, 3);
    assert.equal(histogram.maxUs, 30);
  } finally {
    worker.terminate();
  }
});

Deno.test("summarize(): has the figures of the JSON documents, null without samples", () => {
  const keys = ["count", ...FIGURES];
  const full = summarize(histogramOf([100, 200]));
  assert.deepEqual(Object.keys(full), keys);
  assert.equal(full.count, 2);
  assert.equal(full.min, 100);
  assertClose(full.p50!, 100, "p50");
  assert.equal(full.max, 200);
  for (const empty of [summarize(), summarize(new LatencyHistogram())]) {
    assert.deepEqual(Object.keys(empty), keys);
    assert.equal(empty.count, 0);
    assert.ok(FIGURES.every((figure) => empty[figure] === null));
  }
});

Deno.test("figureLabel(): writes percentiles with their point", () => {
  assert.deepEqual(FIGURES.map(figureLabel), [
    "min",
    "mean",
    "sd",
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "p99.99",
    "max",
  ]);
});
