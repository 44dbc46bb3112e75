import assert from "node:assert/strict";
import fc from "fast-check";
import { percentiles } from "../../../../play/page/views/latency.ts";

type Buckets = Record<number, number>;

const buckets = (counts: Buckets) => ({
  upToUs: Object.keys(counts).map(Number),
  counts: Object.values(counts),
});

const CASES: { name: string; all: Buckets[]; expected: ReturnType<typeof percentiles> }[] = [
  { name: "nothing", all: [], expected: null },
  { name: "buckets without a count", all: [{ 100: 0 }], expected: null },
  {
    name: "one answer is all of them",
    all: [{ 250: 1 }],
    expected: { count: 1, p50: 250, p90: 250, p99: 250, max: 250 },
  },
  {
    name: "the edge at which the share is reached exactly",
    all: [{ 10: 5, 20: 4, 30: 1 }],
    expected: { count: 10, p50: 10, p90: 20, p99: 30, max: 30 },
  },
  {
    name: "samples add up",
    all: [{ 10: 50, 40: 1 }, { 10: 40, 20: 9 }],
    expected: { count: 100, p50: 10, p90: 10, p99: 20, max: 40 },
  },
  {
    name: "an empty bucket above all is no maximum",
    all: [{ 10: 1, 99: 0 }],
    expected: { count: 1, p50: 10, p90: 10, p99: 10, max: 10 },
  },
];

for (const { name, all, expected } of CASES) {
  Deno.test(`percentiles(): ${name}`, () => {
    assert.deepEqual(percentiles(all.map(buckets)), expected);
  });
}

Deno.test("percentiles(): are those of the sorted values, however they come in samples", () => {
  const values = fc.array(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1 }), {
    minLength: 1,
  });
  fc.assert(fc.property(values, (samples) => {
    const counted = samples.map((sample) => {
      const counts: Buckets = {};
      for (const value of sample) counts[value] = (counts[value] ?? 0) + 1;
      return buckets(counts);
    });
    const sorted = samples.flat().sort((a, b) => a - b);
    // Of n values, the percentile p is the one with the number n * p / 100, rounded up.
    const at = (percent: number) => sorted[Math.ceil(sorted.length * percent / 100) - 1];
    assert.deepEqual(percentiles(counted), {
      count: sorted.length,
      p50: at(50),
      p90: at(90),
      p99: at(99),
      max: at(100),
    });
  }));
});
