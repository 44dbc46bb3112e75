/** The live view, laid out for windows of several sizes. */
import assert from "node:assert/strict";
import { LiveView } from "../../../bench/report/live.ts";
import { progressBar, timeLeft } from "../../../bench/report/progress.ts";
import type { Interval } from "../../../bench/stats/timeline.ts";
import { histogramOf } from "../runs.ts";

const SUBJECT = {
  title: "htstress http://localhost:8081/a/long/path/to/something.html, keep-alive, 32 connections",
  unit: "requests",
  latency: "latency",
  durationMs: 10_000,
};

function interval(index: number, isBad = false): Interval {
  const done = 1000 * (index + 1);
  return {
    startMs: 1e12 + index * 200,
    endMs: 1e12 + (index + 1) * 200,
    answers: 1000,
    answersPerSecond: 5000,
    bytesInPerSecond: 1024 ** 2,
    counts: {
      done,
      failed: isBad ? 12 : 0,
      bytesIn: 0,
      statuses: { 200: done - 9, 404: 4, 503: 5 },
      errors: isBad ? { reset: 8, timeout: 4 } : {},
      open: 32,
      starts: null,
    },
    latencies: {
      connect: histogramOf([40, 41]),
      latency: histogramOf([87, 90, 95, 1200, index === 20 ? 400_000 : 300]),
    },
  };
}

// deno-lint-ignore no-control-regex
const plain = (text: string) => text.replaceAll(/\x1b\[[\d;]*m/g, "");

for (const [columns, rows] of [[80, 24], [40, 20], [132, 50], [30, 10], [20, 6]]) {
  Deno.test(`LiveView: fits ${columns} columns and ${rows} rows at every time`, () => {
    const view = new LiveView(SUBJECT);
    assert.match(view.text({ columns, rows }), /^htstress .*\nstarting$/);
    for (let i = 0; i < 60; i++) {
      view.add(interval(i, i > 30));
      const lines = plain(view.text({ columns, rows })).split("\n");
      assert.ok(lines.length < rows, `${lines.length} lines`);
      for (const line of lines) assert.ok(line.length < columns, line);
      assert.match(lines[0], /^htstress/);
    }
  });
}

Deno.test("LiveView: shows rate, latencies, statuses, errors, connections and the heat map", () => {
  const view = new LiveView(SUBJECT);
  for (let i = 0; i < 25; i++) view.add(interval(i));
  const text = plain(view.text({ columns: 80, rows: 24 }));
  assert.match(text, /█{15,}░{15,} {2}50% {2}5 s left/);
  assert.match(text, /^requests\/s {2}5,000 +█+$/m);
  assert.match(text, /^latency {5}p50 95.0 µs {2}p90 1\.20 ms {2}p99 400 ms {2}max 400 ms$/m);
  assert.match(text, /^statuses {4}200 24,991 {2}503 5 {2}404 4$/m);
  assert.match(text, /^errors {6}none$/m);
  assert.match(text, /^connections 32 open {2}10\/s opened$/m);
  assert.match(text, /^received {4}1\.00 MiB\/s$/m);
  assert.match(text, /^latency over 5\.0 s$/m);
  const rows = [...text.matchAll(/^ *([\d.]+ .?s) ([ ░▒▓█]+)$/gm)];
  assert.ok(rows.length >= 3, text);
  assert.ok(rows[0][2].trim().length === 1, "the one slow request stands alone");
  view.add(interval(25, true));
  assert.match(plain(view.text({ columns: 80, rows: 24 })), /^errors {6}reset 8 {2}timeout 4$/m);
});

Deno.test("LiveView: of a run without end, says how to end it", () => {
  const view = new LiveView({ title: "t", unit: "echoes", latency: "latency" });
  view.add(interval(0));
  assert.match(view.text({ columns: 80, rows: 24 }), /^0\.2 s so far; Ctrl-C ends it$/m);
});

Deno.test("progressBar(), timeLeft(): never a number that is none", () => {
  assert.equal(progressBar(0.5, 4), "██░░  50%");
  assert.equal(progressBar(0, 4), "░░░░   0%");
  const cases: [number, string][] = [
    [NaN, ""],
    [Infinity, ""],
    [-5, "0 s left"],
    [1001, "2 s left"],
    [150_000, "3 min left"],
    [3.6e7, "10 h left"],
  ];
  for (const [ms, text] of cases) assert.equal(timeLeft(ms), text);
});
