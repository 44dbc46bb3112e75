import assert from "node:assert/strict";
import fc from "fast-check";
import { growth, perSecond, type Reading } from "../../../../play/page/views/growth.ts";

const at = (atMs: number, counts: Record<string, number>): Reading => ({ atMs, counts });

const CASES: {
  name: string;
  readings: (Reading | null)[];
  expected: ReturnType<typeof growth>;
}[] = [
  { name: "nothing", readings: [], expected: null },
  { name: "one reading", readings: [at(0, { a: 5 })], expected: null },
  {
    name: "two readings",
    readings: [at(0, { a: 5, b: 1 }), at(500, { a: 25, b: 1 })],
    expected: { ms: 500, counts: { a: 20, b: 0 } },
  },
  {
    name: "a restart: what stands there since has grown",
    readings: [at(0, { a: 100 }), at(100, { a: 110 }), at(200, { a: 7 }), at(300, { a: 9 })],
    expected: { ms: 300, counts: { a: 19 } },
  },
  {
    name: "a reading that is missing between others",
    readings: [at(0, { a: 1 }), null, at(200, { a: 4 })],
    expected: { ms: 200, counts: { a: 3 } },
  },
  {
    name: "the newest reading is missing",
    readings: [at(0, { a: 1 }), at(100, { a: 4 }), null],
    expected: null,
  },
  {
    name: "the same reading twice",
    readings: [at(100, { a: 4 }), at(100, { a: 4 })],
    expected: null,
  },
  {
    name: "a counter that appears counts from 0, one that ends no more",
    readings: [at(0, { a: 5 }), at(100, { a: 6, b: 3 }), at(200, { b: 4 })],
    expected: { ms: 200, counts: { a: 1, b: 4 } },
  },
];

for (const { name, readings, expected } of CASES) {
  Deno.test(`growth(): ${name}`, () => {
    assert.deepEqual(growth(readings), expected);
  });
}

Deno.test("growth(): is the sum of all steps, wherever a counter starts again", () => {
  const runs = fc.array(fc.array(fc.nat(1000), { minLength: 1 }), { minLength: 1 });
  fc.assert(fc.property(runs, (runs) => {
    // Each run counts up from 0; the first reading of a run lies below the last one of the run before.
    const readings = [at(0, { a: 0 })];
    let sum = 0;
    for (const steps of runs) {
      let count = 0;
      for (const step of steps) {
        const isFirst = count === 0;
        count += step + 1;
        const before = readings[readings.length - 1].counts.a;
        if (isFirst && count >= before) continue;
        readings.push(at(readings.length * 100, { a: count }));
        sum += isFirst ? count : count - Math.min(before, count);
      }
    }
    const expected = readings.length < 2 ? undefined : sum;
    assert.equal(growth(readings)?.counts.a, expected);
  }));
});

Deno.test("perSecond(): adds up all counters", () => {
  assert.equal(perSecond({ ms: 500, counts: { a: 3, b: 2 } }), 10);
  assert.equal(perSecond(null), null);
});
