import assert from "node:assert/strict";
import fc from "fast-check";
import { heatGrid, rowEdgeUs } from "../../../../play/page/views/heat_grid.ts";
import { frameAt, load, loadSample, SERVER } from "./frames.ts";

const SPAN = { endMs: 1000, spanMs: 1000, columnMs: 100 };

const frame = (endMs: number, latency: Record<number, number>) =>
  frameAt(endMs, { loads: [load({ samples: [loadSample(endMs, { latency })] })] });

/** What is in the grid: column, row, count. */
function cells(grid: NonNullable<ReturnType<typeof heatGrid>>): number[][] {
  return [...grid.counts].flatMap((count, i) =>
    count === 0 ? [] : [[Math.floor(i / grid.rows), i % grid.rows, count]]
  );
}

Deno.test("heatGrid(): is nothing without answers", () => {
  assert.equal(heatGrid([], SERVER, SPAN), null);
  assert.equal(heatGrid([frame(1000, {})], SERVER, SPAN), null);
  assert.equal(heatGrid([frame(1000, { 50: 3 })], "another", SPAN), null);
});

Deno.test("heatGrid(): puts answers where their time and latency belong", () => {
  const cases: { name: string; latency: Record<number, number>; lowest: number; rows: number[] }[] =
    [
      { name: "a decade's upper edge belongs to it", latency: { 1000: 1 }, lowest: 2, rows: [9] },
      { name: "just above is the next one", latency: { 1001: 1 }, lowest: 3, rows: [0] },
      { name: "two decades", latency: { 12: 1, 150: 2 }, lowest: 1, rows: [0, 11] },
      { name: "one microsecond and less", latency: { 1: 1 }, lowest: 0, rows: [0] },
    ];
  for (const { name, latency, lowest, rows } of cases) {
    const grid = heatGrid([frame(1000, latency)], SERVER, SPAN)!;
    assert.equal(grid.lowestExponent, lowest, name);
    assert.deepEqual(cells(grid).map(([, row]) => row), rows, name);
  }
});

Deno.test("heatGrid(): columns stand still while time goes on", () => {
  const frames = [frame(300, { 50: 1 }), frame(400, { 50: 2 }), frame(400, { 50: 4 })];
  const now = heatGrid(frames, SERVER, { ...SPAN, endMs: 950 })!;
  assert.equal(now.startMs, 0);
  assert.equal(now.most, 6);
  assert.deepEqual(cells(now), [[2, 6, 1], [3, 6, 6]]);
  const later = heatGrid(frames, SERVER, { ...SPAN, endMs: 1050 })!;
  assert.equal(later.startMs, 100);
  assert.deepEqual(cells(later), [[1, 6, 1], [2, 6, 6]]);
  assert.deepEqual(cells(heatGrid(frames, SERVER, { ...SPAN, endMs: 1299 })!), [[0, 6, 6]]);
});

Deno.test("heatGrid(): loses no answer, and each row holds what its edges say", () => {
  const latency = fc.dictionary(
    fc.integer({ min: 1, max: 10_000_000 }).map(String),
    fc.integer({ min: 1, max: 100 }),
    { minKeys: 1 },
  );
  fc.assert(fc.property(latency, (latency) => {
    const grid = heatGrid([frame(1000, latency)], SERVER, SPAN)!;
    const expected = new Map<number, number>();
    for (const [upToUs, count] of Object.entries(latency)) {
      const row = Array.from({ length: grid.rows }, (_, i) => i).find((row) =>
        Number(upToUs) <= rowEdgeUs(grid, row + 1) * (1 + 1e-9)
      )!;
      expected.set(row, (expected.get(row) ?? 0) + count);
    }
    const found = new Map(cells(grid).map(([, row, count]) => [row, count]));
    assert.deepEqual([...found].sort(), [...expected].sort());
  }));
});
