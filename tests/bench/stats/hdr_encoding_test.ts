/** The standard encoding of histograms, judged by the reader that hdr-histogram-js brings. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { buckets } from "../../../bench/stats/hdr_encoding.ts";
import { compress, compressed, decompress, fromCompressed } from "../../../bench/stats/hdr_text.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";
import { summarize } from "../../../bench/stats/summary.ts";
import { histogramOf } from "../runs.ts";

const latency = fc.double({ min: Math.log(0.1), max: Math.log(60e6), noNaN: true }).map(Math.exp);
const samples = fc.array(latency, { maxLength: 200 });

Deno.test("compress(): another reader finds the same samples", () => {
  fc.assert(fc.property(samples, (values) => {
    const histogram = histogramOf(values);
    const read = decodeFromCompressedBase64(compressed(histogram));
    assert.equal(read.totalCount, values.length);
    for (const percentile of [1, 50, 99, 100]) {
      // The other reader knows the largest sample to its bucket only.
      const us = read.getValueAtPercentile(percentile) / 100;
      const own = histogram.percentileUs(percentile);
      assert.ok(values.length === 0 || (us >= own && us <= own * 1.002 + 0.01), `${us} for ${own}`);
    }
  }));
});

Deno.test("compress(): has the head that readers in other languages go by", () => {
  const head = new DataView(decompress(compressed(histogramOf([1, 2, 3]))).buffer);
  assert.equal(head.getInt32(0), 0x1c849313, "V2");
  assert.equal(head.getInt32(8), 0, "not shifted");
  assert.equal(head.getInt32(12), 3, "digits");
  assert.equal(head.getBigInt64(16), 1n, "smallest value");
  assert.equal(head.getFloat64(32), 1, "a histogram of integers");
});

Deno.test("fromCompressed(): gives back every sample, the extremes to the width of their buckets", () => {
  fc.assert(fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (values) => {
    const histogram = histogramOf(values);
    const read = fromCompressed(compressed(histogram));
    const { min, max, ...rest } = summarize(histogram);
    const { min: readMin, max: readMax, ...readRest } = summarize(read);
    assert.equal(readRest.mean, rest.mean);
    assert.equal(readRest.count, rest.count);
    assert.ok(readMin! <= min! && readMin! >= min! * 0.999 - 0.01);
    assert.ok(readMax! >= max! && readMax! <= max! * 1.001 + 0.01);
    assert.equal(compressed(read), compressed(histogram));
  }));
  assert.equal(fromCompressed(compressed(new LatencyHistogram())).count, 0);
});

Deno.test("fromCompressed(): refuses what is no histogram", () => {
  for (const text of ["", "no base64!", "aGVsbG8gd29ybGQ=", "HISTFAAAAAV42g=="]) {
    assert.throws(
      () => fromCompressed(text),
      /^SyntaxError: Not a compressed Hdr/,
    );
  }
});

/** A histogram as a stranger may have written it: `payload` are its counts. */
function forged(payload: Uint8Array): string {
  const encoding = decompress(compressed(new LatencyHistogram()));
  const whole = new Uint8Array(40 + payload.length);
  whole.set(encoding.subarray(0, 40));
  whole.set(payload, 40);
  new DataView(whole.buffer).setInt32(4, payload.length);
  return compress(whole);
}

Deno.test("fromCompressed(): refuses what would take much memory, or no latency can be", () => {
  const CASES: [payload: Uint8Array, message: RegExp][] = [
    [new Uint8Array(64 << 20), /^SyntaxError: Not a compressed HdrHistogram .*: Cannot create/],
    // 100,000 empty buckets, and one that holds a sample: of 2^107 ticks.
    [new Uint8Array([0xbf, 0x9a, 0x0c, 2]), /^SyntaxError: The histogram holds a sample that is/],
  ];
  for (const [payload, message] of CASES) {
    const text = forged(payload);
    assert.ok(text.length < 100_000);
    assert.throws(() => fromCompressed(text), message);
  }
});

Deno.test("buckets(): of every value, the bucket that holds it", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), (ticks) => {
    const encoding = decompress(compressed(histogramOf([ticks / 100])));
    const [{ low, high, count }] = [...buckets(encoding)];
    const value = Math.min(ticks, 3.6e11);
    assert.ok(low <= value && value <= high, `${value} in ${low}…${high}`);
    assert.ok(high - low < value / 1000 || high === low);
    assert.equal(count, 1);
  }));
});
