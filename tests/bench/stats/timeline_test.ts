/** Intervals of several threads: how their parts meet, and that nothing is lost or counted twice. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Heat } from "../../../bench/stats/heat.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";
import { summarize } from "../../../bench/stats/summary.ts";
import {
  type Interval,
  INTERVAL_MS,
  IntervalClock,
  type IntervalPart,
  lookMs,
  Timeline,
} from "../../../bench/stats/timeline.ts";
import { histogramOf } from "../runs.ts";

/** What thread `thread` recorded in slot `slot`: `values`, and `done` since the run began. */
function part(thread: number, slot: number, values: number[], done = values.length): IntervalPart {
  return {
    thread,
    startMs: slot * INTERVAL_MS,
    endMs: (slot + 1) * INTERVAL_MS,
    counts: {
      done,
      failed: 1,
      bytesIn: 10,
      statuses: { 200: done },
      errors: { reset: 1 },
      open: 2,
      starts: { due: 2 * done, sent: done },
    },
    latencies: { latency: histogramOf(values).encode() },
  };
}

/** A listener that keeps what is freed after it. */
function keeping() {
  const seen: (Omit<Interval, "latencies"> & { count: number; p100: number })[] = [];
  const total = new LatencyHistogram();
  const timeline = new Timeline(({ latencies: { latency }, ...interval }) => {
    total.merge(latency);
    seen.push({ ...interval, count: latency.count, p100: latency.count ? latency.maxUs : 0 });
  });
  return { timeline, seen, total };
}

Deno.test("Timeline: joins the parts of a slot, and adds up counts and rates", () => {
  const { timeline, seen } = keeping();
  timeline.add(part(0, 10, [100, 200]));
  timeline.add(part(1, 10, [300]));
  timeline.settle(11 * INTERVAL_MS);
  assert.equal(seen.length, 0, "a part may still come");
  timeline.settle(12 * INTERVAL_MS);
  assert.equal(seen.length, 1);
  const [{ counts, answers, answersPerSecond, count, p100, startMs }] = seen;
  assert.deepEqual([count, p100, startMs], [3, 300, 10 * INTERVAL_MS]);
  assert.equal(answersPerSecond, (3 - 2) / (INTERVAL_MS / 1000), "failures are no answers");
  assert.equal(answers, 3 - 2);
  assert.deepEqual(counts, {
    done: 3,
    failed: 2,
    bytesIn: 20,
    statuses: { 200: 3 },
    errors: { reset: 2 },
    open: 4,
    starts: { due: 6, sent: 3 },
  });
});

Deno.test("Timeline: a part that comes too late counts to the next interval", () => {
  const { timeline, seen } = keeping();
  timeline.add(part(0, 1, [1]));
  timeline.settle(3 * INTERVAL_MS);
  timeline.add(part(1, 1, [2, 3]));
  timeline.add(part(0, 2, [4], 2));
  timeline.end();
  assert.deepEqual(seen.map(({ count }) => count), [1, 3]);
  assert.equal(seen[1].counts.done, 4);
});

Deno.test("Timeline: the intervals add up to everything, whatever the order of the parts", () => {
  const parts = fc.array(
    fc.record({
      thread: fc.nat(3),
      slot: fc.nat(20),
      values: fc.array(fc.integer({ min: 1, max: 1e6 }), { maxLength: 20 }),
      settles: fc.boolean(),
    }),
    { maxLength: 40 },
  );
  fc.assert(fc.property(parts, (all) => {
    const { timeline, seen, total } = keeping();
    for (const { thread, slot, values, settles } of all) {
      timeline.add(part(thread, slot, values));
      if (settles) timeline.settle((slot + 2) * INTERVAL_MS);
    }
    timeline.end();
    const values = all.flatMap(({ values }) => values);
    assert.deepEqual(summarize(total), summarize(histogramOf(values)));
    assert.equal(seen.reduce((sum, { count }) => sum + count, 0), values.length);
  }));
});

for (const lengthMs of [50, 100, INTERVAL_MS, 10_000]) {
  Deno.test(`IntervalClock: an interval of ${lengthMs} ms ends when a multiple is passed`, () => {
    const clock = new IntervalClock(10.5 * lengthMs, lengthMs);
    assert.ok(!clock.isDue(10.9 * lengthMs));
    assert.ok(clock.isDue(11.1 * lengthMs));
    const ms = { startMs: 10.5 * lengthMs, endMs: 11.1 * lengthMs };
    assert.deepEqual(clock.next(11.1 * lengthMs), ms);
    assert.ok(!clock.isDue(11.9 * lengthMs));
  });

  Deno.test(`Timeline: intervals of ${lengthMs} ms are told three looks after their end`, () => {
    const seen: number[] = [];
    const timeline = new Timeline(({ startMs }) => seen.push(startMs), lengthMs);
    const slot = { ...part(0, 0, [1]), startMs: 7 * lengthMs, endMs: 8 * lengthMs };
    timeline.add(slot);
    const lateMs = 3 * lookMs(lengthMs);
    assert.ok(lateMs <= lengthMs);
    timeline.settle(8 * lengthMs + lateMs - 1);
    assert.deepEqual(seen, []);
    timeline.settle(8 * lengthMs + lateMs);
    assert.deepEqual(seen, [7 * lengthMs]);
  });
}

Deno.test("Heat: keeps every sample in a bounded grid", () => {
  for (const [intervals, columns, rows] of [[1, 10, 8], [30, 10, 3], [1000, 120, 40], [7, 5, 1]]) {
    const heat = new Heat();
    let count = 0;
    for (let i = 0; i < intervals; i++) {
      const values = [0.05, 87, 1000, 5e9].slice(0, 1 + i % 4);
      count += values.length;
      heat.add(i * 200, (i + 1) * 200, histogramOf(values));
    }
    const grid = heat.grid(columns, rows)!;
    assert.ok(grid.columns.length <= columns && grid.columns.length >= Math.min(intervals, 2));
    // The first row ends where the lowest range does, so that one row is never enough.
    assert.ok(grid.rows.length <= Math.max(rows, 2), `${grid.rows.length} rows for ${rows}`);
    const sum = grid.columns.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
    assert.equal(sum, count);
    assert.deepEqual([grid.columns[0].startMs, grid.columns.at(-1)!.endMs], [0, intervals * 200]);
    grid.rows.slice(1).forEach(({ fromUs }, i) => assert.equal(fromUs, grid.rows[i].toUs));
  }
  assert.equal(new Heat().grid(10, 10), null);
});

Deno.test("Heat: the row of a sample holds it", () => {
  const edge = fc.integer({ min: 1, max: 1e7 });
  fc.assert(fc.property(edge, fc.integer({ min: 1, max: 12 }), (us, rows) => {
    const heat = new Heat();
    heat.add(0, 200, histogramOf([us]));
    const grid = heat.grid(10, rows)!;
    const row = grid.rows[grid.columns[0].counts.indexOf(1)];
    assert.ok(
      row.fromUs <= us * 1.001 && us <= row.toUs * 1.001,
      `${us} in ${JSON.stringify(row)}`,
    );
  }));
});
