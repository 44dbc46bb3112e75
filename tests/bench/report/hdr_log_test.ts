/** The log, read by the log reader of hdr-histogram-js. */
import assert from "node:assert/strict";
import { HistogramLogReader, type JsHistogram, listTags } from "hdr-histogram-js";
import { buckets } from "../../../bench/stats/hdr_encoding.ts";
import { compressed, decompress } from "../../../bench/stats/hdr_text.ts";
import { HdrLog, readHdrLog } from "../../../bench/report/hdr_log.ts";
import { LatencyHistogram } from "../../../bench/stats/histogram.ts";
import type { Interval } from "../../../bench/stats/timeline.ts";
import { histogramOf } from "../runs.ts";

const BEGIN_MS = Date.UTC(2026, 0, 31, 12, 5);

function interval(index: number, values: number[]): Interval {
  return {
    startMs: BEGIN_MS + index * 200,
    endMs: BEGIN_MS + (index + 1) * 200,
    answers: 0,
    answersPerSecond: 0,
    bytesInPerSecond: 0,
    counts: { done: 0, failed: 0, bytesIn: 0, statuses: {}, errors: {}, open: 0, starts: null },
    latencies: { connect: histogramOf([50]), latency: histogramOf(values) },
  };
}

function logOf(intervals: Interval[]): string {
  const log = new HdrLog("ktcp htstress\nhttp://localhost/");
  return intervals.map((one) => log.add(one)).join("") + log.end();
}

const VALUES = Array.from({ length: 13 }, (_, i) => [100 + i, 1000 * (i + 1), 2_345_678]);

Deno.test("HdrLog: a line a second for each latency, whose sum is the whole run", () => {
  const text = logOf(VALUES.map((values, i) => interval(i, values)));
  assert.deepEqual(listTags(text), ["connect", "latency"]);
  const reader = new HistogramLogReader(text);
  const sums: Record<string, JsHistogram> = {};
  const starts: number[] = [];
  for (let one = reader.nextIntervalHistogram(); one; one = reader.nextIntervalHistogram()) {
    const histogram = one as JsHistogram;
    if (one.tag === "latency") {
      starts.push(one.startTimeStampMsec - BEGIN_MS);
      assert.equal(one.endTimeStampMsec - one.startTimeStampMsec, starts.length < 3 ? 1000 : 600);
    }
    if (sums[one.tag]) sums[one.tag].add(histogram);
    else sums[one.tag] = histogram;
  }
  assert.deepEqual(starts, [0, 1000, 2000]);
  assert.equal(sums.connect.totalCount, 13);
  const all = histogramOf(VALUES.flat());
  assert.equal(sums.latency.totalCount, all.count);
  for (const p of [10, 50, 66, 75, 90, 99]) {
    const us = sums.latency.getValueAtPercentile(p) / 100;
    // The reader knows the largest sample to its bucket only.
    assert.equal(Math.min(us, all.maxUs), all.percentileUs(p), `p${p}`);
  }
});

Deno.test("HdrLog: has the head of version 1.3, and the largest latency in milliseconds", () => {
  const lines = logOf([interval(0, [1500])]).split("\n");
  assert.equal(lines[0], "#ktcp htstress http://localhost/");
  assert.deepEqual(lines.slice(2, 6), [
    "#[Histogram log format version 1.3]",
    "#[StartTime: 1769861100.000 (seconds since epoch), 2026-01-31T12:05:00.000Z]",
    "#[BaseTime: 1769861100.000 (seconds since epoch)]",
    '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
  ]);
  assert.match(lines[7], /^Tag=latency,0\.000,0\.200,1\.500,HISTFA/);
  assert.equal(lines[8], "");
});

Deno.test("HdrLog: of a run without intervals, a log without lines", () => {
  const text = logOf([]);
  assert.match(text, /^#\[StartTime: \d+\.\d{3} /m);
  assert.equal(new HistogramLogReader(text).nextIntervalHistogram(), null);
});

Deno.test("readHdrLog(): reads what was written", () => {
  const text = logOf(VALUES.map((values, i) => interval(i, values)));
  const total = new LatencyHistogram();
  const times: number[][] = [];
  for (const { startMs, endMs, latency } of readHdrLog(text, "latency")) {
    times.push([startMs, endMs]);
    total.merge(latency);
  }
  assert.deepEqual(times, [[0, 1000], [1000, 2000], [2000, 2600]]);
  const bucketsOf = (one: LatencyHistogram) => [...buckets(decompress(compressed(one)))];
  assert.deepEqual(bucketsOf(total), bucketsOf(histogramOf(VALUES.flat())));
});
