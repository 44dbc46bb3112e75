/** Numbers as they are shown: axes, stacks, texts, comparisons. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { best, difference } from "../../../../play/page/views/comparison.ts";
import {
  formatBytes,
  formatCount,
  formatShare,
  formatTime,
} from "../../../../play/page/views/format.ts";
import { stacked, statesIn } from "../../../../play/page/views/stack.ts";
import { decades, linearTicks, niceCeiling } from "../../../../play/page/views/ticks.ts";

/** Checks `of` against a table of arguments and results; spaces in texts break no line. */
function check<T>(of: (value: T) => string, table: [T, string][]): void {
  for (const [value, expected] of table) {
    assert.equal(of(value), expected.replaceAll(" ", "\u00a0"), String(value));
  }
}

Deno.test("formatCount()", () => {
  check(formatCount, [
    [null, "–"],
    [0, "0"],
    [7, "7"],
    [0.25, "0.25"],
    [2.284, "2.28"],
    [123.4, "123"],
    [9870, "9,870"],
    [9999.6, "10 k"],
    [12_345, "12.3 k"],
    [999_400, "999 k"],
    [999_600, "1 M"],
    [4_560_000, "4.56 M"],
  ]);
});

Deno.test("formatTime()", () => {
  check(formatTime, [
    [null, "–"],
    [0, "0 µs"],
    [1.26, "1.26 µs"],
    [85.4, "85 µs"],
    [999.4, "999 µs"],
    [999.6, "1 ms"],
    [1250, "1.25 ms"],
    [999_600, "1 s"],
    [3_400_000, "3.4 s"],
  ]);
});

Deno.test("formatBytes()", () => {
  check(formatBytes, [
    [null, "–"],
    [512, "512 B"],
    [4096, "4 KiB"],
    [1_048_576, "1 MiB"],
    [39_321_600, "37.5 MiB"],
  ]);
});

Deno.test("formatShare()", () => {
  check(formatShare, [[null, "–"], [0, "0 %"], [0.0003, "< 0.1 %"], [0.004, "0.4 %"], [
    0.87,
    "87 %",
  ], [1.5, "150 %"]]);
});

Deno.test("niceCeiling(): ends axes at round numbers", () => {
  const cases: [number, number][] = [
    [0, 1],
    [-3, 1],
    [1, 1],
    [1.1, 1.5],
    [27_000, 30_000],
    [0.3, 0.3],
    [65, 80],
    [99, 100],
    [101, 150],
  ];
  for (const [value, expected] of cases) assert.equal(niceCeiling(value), expected, String(value));
});

Deno.test("niceCeiling(): is at least the value, and less than twice as much", () => {
  fc.assert(fc.property(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), (value) => {
    const end = niceCeiling(value);
    assert.ok(end >= value * (1 - 1e-9) && end < value * 2, `${value}: ${end}`);
  }));
});

Deno.test("linearTicks(): are round numbers from 0 to the end", () => {
  assert.deepEqual(linearTicks(100, 4), [0, 50, 100]);
  assert.deepEqual(linearTicks(30_000, 4), [0, 10_000, 20_000, 30_000]);
  assert.deepEqual(linearTicks(0.3, 4), [0, 0.1, 0.2, 0.3]);
});

Deno.test("decades(): hold all values, and are one at least", () => {
  assert.deepEqual(decades(12, 800), { from: 1, to: 3 });
  assert.deepEqual(decades(10, 1000), { from: 1, to: 3 });
  assert.deepEqual(decades(100, 100), { from: 2, to: 3 });
});

Deno.test("stacked(): adds up from below, and knows no edge above what is not known", () => {
  assert.deepEqual(stacked([[1, 2, null], [10, null, 10], [0, 0, 0]]), [
    [1, 2, null],
    [11, null, null],
    [11, null, null],
  ]);
});

Deno.test("statesIn(): are those that occur, in the order of a connection's life", () => {
  assert.deepEqual(statesIn([]), ["established", "time-wait"]);
  assert.deepEqual(
    statesIn([null, { "close-wait": 1, "fin-wait-1": 0 }, { "syn-recv": 2, "bound": 1 }]),
    ["syn-recv", "established", "close-wait", "time-wait", "bound"],
  );
});

Deno.test("difference(): is a share of the larger rate", () => {
  const cases: [number | null, number | null, number | null][] = [
    [null, 1, null],
    [1, null, null],
    [0, 0, 0],
    [100, 75, 0.25],
    [75, 100, 0.25],
  ];
  for (const [a, b, expected] of cases) assert.equal(difference(a, b), expected);
});

Deno.test("best(): marks the best values, where some are worse", () => {
  const cases: [(number | null)[], "more" | "less", boolean[]][] = [
    [[10, 20, null], "more", [false, true, false]],
    [[10, 20, null], "less", [true, false, false]],
    [[100, 99, 50], "more", [true, true, false]],
    [[100, 99], "more", [false, false]],
    [[5], "more", [false]],
    [[0, 0, 3], "less", [true, true, false]],
    [[null, null], "less", [false, false]],
  ];
  for (const [values, better, expected] of cases) {
    assert.deepEqual(best(values, better), expected, `${values} ${better}`);
  }
});
