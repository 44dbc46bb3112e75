import assert from "node:assert/strict";
import {
  formatBytes,
  formatChange,
  formatCount,
  formatLatency,
  formatRange,
  formatShortCount,
} from "../../system/units.ts";

Deno.test("formatLatency(): chooses the unit and three digits", () => {
  const cases: [us: number | null, text: string][] = [
    [null, "-"],
    [0.1, "0.10 µs"],
    [9.996, "10.0 µs"],
    [87.34, "87.3 µs"],
    [99.97, "100 µs"],
    [999, "999 µs"],
    [1250, "1.25 ms"],
    [1_020_000, "1.02 s"],
    [60e6, "60.0 s"],
  ];
  for (const [us, text] of cases) assert.equal(formatLatency(us), text);
});

Deno.test("formatBytes(), formatCount(), formatShortCount(), formatChange(): write with units", () => {
  assert.deepEqual([0, 999, 1536, 1024 ** 3].map(formatBytes), [
    "0 B",
    "999 B",
    "1.50 KiB",
    "1.00 GiB",
  ]);
  assert.deepEqual([0, 0.05, 0.999, 12.34, 94_102.4].map(formatCount), [
    "0",
    "0.05",
    "1",
    "12.3",
    "94,102",
  ]);
  assert.deepEqual([0, 950, 94_102, 2e6].map(formatShortCount), ["0", "950", "94.1k", "2M"]);
  assert.equal(formatRange("latency", 900, 1100), "0.9–1.1 ms");
  assert.equal(formatRange("latency", 64.04, 65.2), "64–65.2 µs");
  assert.equal(formatRange("count", 0, 130_000), "0–130k");
  assert.equal(formatRange("count", 112_780, 129_865), "113k–130k");
  assert.equal(formatRange("bytes", 1, 1024), "0.000977–1 KiB");
  assert.equal(formatRange("count", 10_001, 10_002), "");
  assert.equal(formatChange(100, 112.5), "+12.5%");
  assert.equal(formatChange(100, 80), "-20.0%");
  assert.equal(formatChange(0, 80), "-");
  assert.equal(formatChange(null, 80), "-");
});

Deno.test("formatBytes(): shows three significant digits", () => {
  const cases: [bytes: number, text: string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "0.98 KiB"],
    [1024, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10 * 1024, "10.0 KiB"],
    [100 * 1024, "100 KiB"],
    [1024 ** 2, "1.00 MiB"],
    [1023.9 * 1024, "1.00 MiB"],
    [5.25 * 1024 ** 3, "5.25 GiB"],
    [2 ** 60, "1024 PiB"],
  ];
  for (const [bytes, text] of cases) assert.equal(formatBytes(bytes), text);
});
