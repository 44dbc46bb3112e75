import assert from "node:assert/strict";
import { NO_ERRORS } from "../../support/http_load_servers.ts";
import fc from "fast-check";
import { mergeResults } from "../../../bench/merge/merge.ts";
import type { Source } from "../../../bench/merge/documents.ts";
import {
  benchResult,
  compressAll,
  type HtstressResult,
  htstressResult,
} from "../../../bench/result.ts";
import { summarize } from "../../../bench/stats/summary.ts";
import { BENCH, histogramOf, HTSTRESS } from "../runs.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

/** What distinguishes a run of the tests: its samples, and when it ran. */
interface Load {
  samples: number[];
  startedMs?: number;
  seconds?: number;
  statuses?: Record<string, number>;
}

/** A run in which every request was good. */
function htstress({ samples, startedMs = NOON, seconds = 2, statuses }: Load): HtstressResult {
  const histogram = histogramOf(samples);
  const latency = summarize(histogram);
  const result = htstressResult("1.2.3", {
    urls: ["http://server/"],
    engine: "deno",
    mode: "keep-alive",
    concurrency: 2,
    threads: 1,
    pipeline: 1,
    asked: HTSTRESS.asked,
    good: samples.length,
    unwanted: 0,
    startedMs,
    seconds,
    window: {
      answered: samples.length,
      bytesIn: 100,
      inFlight: 0,
      abandoned: 0,
      drainSeconds: 0,
    },
    schedule: null,
    bytesIn: 100,
    bytesOut: 10,
    statuses: statuses ?? { 200: samples.length },
    errors: NO_ERRORS,
    faults: [],
    latencyUs: latency,
    ttfbUs: latency,
    connectUs: summarize(),
    hdr: compressAll({ latencyUs: histogram, ttfbUs: histogram, connectUs: histogramOf([]) }),
  });
  return result;
}

/** `documents` as they are read from files a, b, c and so on. */
function sourcesOf(documents: readonly object[]): Source[] {
  return documents.map((document, i) => {
    const text = JSON.stringify(document);
    return { name: String.fromCharCode(97 + i), text, document: JSON.parse(text) };
  });
}

function merged(...documents: object[]) {
  return mergeResults("1.2.3", sourcesOf(documents)).result;
}

const latencies = fc.array(fc.double({ min: 0.1, max: 6e7, noNaN: true }), { maxLength: 50 });

Deno.test("mergeResults(): figures are those of one histogram of all samples, in any order", () => {
  fc.assert(
    fc.property(latencies, latencies, latencies, (a, b, c) => {
      const runs = [a, b, c].map((samples, i) => htstress({ samples, startedMs: NOON + i }));
      const all = merged(...runs);
      const whole = histogramOf([...a, ...b, ...c]);
      assert.deepEqual((all as HtstressResult).latencyUs, summarize(whole));
      assert.equal(all.merged, 3);
      const { windows: _, ...figures } = all;
      const other = merged(runs[2], runs[0], runs[1]);
      const nested = merged(runs[1], merged(runs[2], runs[0]));
      assert.deepEqual({ ...other, windows: undefined }, { ...figures, windows: undefined });
      assert.deepEqual({ ...nested, windows: undefined }, { ...figures, windows: undefined });
      assert.deepEqual(new Set(nested.windows.map(({ startedAt }) => startedAt)).size, 3);
    }),
    { numRuns: 20 },
  );
});

Deno.test("mergeResults(): one run stays what it is", () => {
  for (const result of [BENCH, HTSTRESS]) {
    const { merged: runs, windows, commonSeconds, ...rest } = merged(result);
    assert.deepEqual(rest, result);
    assert.deepEqual([runs, commonSeconds], [1, result.seconds]);
    assert.deepEqual(windows, [{ startedAt: result.startedAt, endedAt: result.endedAt }]);
  }
});

Deno.test("mergeResults(): adds counts, and derives totals and rates from them", () => {
  const errors = { ...HTSTRESS.errors, timeout: 5, reset: 1 };
  const other = {
    ...HTSTRESS,
    urls: ["http://127.0.0.1:8082/"],
    threads: 2,
    statuses: { 200: 985, 503: 5 },
    errors,
  };
  const result = merged(HTSTRESS, other) as HtstressResult;
  assert.deepEqual(result.urls, ["http://127.0.0.1:8081/", "http://127.0.0.1:8082/"]);
  assert.deepEqual(result.statuses, { 200: 1970, 404: 5, 503: 5 });
  assert.equal(result.threads, 6);
  assert.equal(result.errors.timeout, 6);
  assert.equal(result.bad, 16);
  assert.equal(result.socketErrors, 7 + 7 + 4);
  assert.equal(result.requests, 1970 + 16 + 18);
  assert.equal(result.requestsPerSecond, 2 * 980 / 2);
  assert.deepEqual(result.window, {
    answered: 1960,
    bytesIn: 2 * HTSTRESS.window.bytesIn,
    inFlight: 26,
    abandoned: 2,
    drainSeconds: 10.25,
  });
  assert.deepEqual(result.asked, { ...HTSTRESS.asked, ratePerSecond: 1000 });
  assert.deepEqual([result.schedule!.due, result.schedule!.unsent], [2400, 398]);
  assert.equal(result.bytesIn, 2 * HTSTRESS.bytesIn);
});

Deno.test("mergeResults(): adds clients, kernel counters and limits of bench", () => {
  const check = { name: "cores", value: 2, needed: 1, ok: true, fix: "" };
  const low = { ...check, value: 0, ok: false, fix: "more" };
  const a = { ...BENCH, limits: [check] };
  const b = {
    ...BENCH,
    target: "127.0.0.1:7",
    kernel: { synRetransmits: 4, listenOverflows: null },
    limits: [low],
  };
  const result = merged(a, b);
  assert.ok(result.command === "bench");
  assert.equal(result.threads, 100);
  assert.equal(result.target, "127.0.0.1:12345, 127.0.0.1:7");
  assert.deepEqual(result.kernel, { synRetransmits: 5, listenOverflows: null });
  assert.deepEqual(result.limits, [low]);
  assert.deepEqual(
    result.clients.map(({ index }) => index),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.deepEqual(result.clients[57], { index: 57, meanUs: null, failed: 2 });
  assert.deepEqual([result.attempted, result.failures.reset], [200, 2]);
  assert.equal(result.bytesPerSecond, 2 * BENCH.bytesPerSecond);
});

/** Runs of 100 requests each, by start and length in seconds, and what they have together. */
const TIMES: [name: string, runs: [start: number, length: number][], together: {
  seconds: number;
  common: number;
  rate: number;
}][] = [
  ["at the same time", [[0, 2], [0, 2]], { seconds: 2, common: 2, rate: 100 }],
  ["shifted", [[0, 2], [0.5, 2]], { seconds: 2.5, common: 1.5, rate: 80 }],
  ["one within the other", [[0, 4], [1, 1]], { seconds: 4, common: 1, rate: 50 }],
  ["one after the other", [[0, 2], [60, 2]], { seconds: 4, common: 0, rate: 50 }],
  ["in a chain", [[2, 2], [0, 2], [1, 2]], { seconds: 4, common: 0, rate: 75 }],
];

for (const [name, times, { seconds, common, rate }] of TIMES) {
  Deno.test(`mergeResults(): the rate of runs ${name} is the total over the time of any`, () => {
    const runs = times.map(([start, length], run) =>
      htstress({
        samples: Array.from({ length: 100 }, (_, i) => 10 + i + run),
        startedMs: NOON + start * 1000,
        seconds: length,
      })
    );
    const nested = runs.reduce((a, b) => merged(a, b) as HtstressResult);
    for (const result of [merged(...runs), nested as ReturnType<typeof merged>]) {
      assert.deepEqual(
        [result.seconds, result.commonSeconds, (result as HtstressResult).requestsPerSecond],
        [seconds, common, rate],
      );
      const starts = times.map(([start]) => start);
      assert.equal(Date.parse(result.startedAt!), NOON + 1000 * Math.min(...starts));
      const ends = times.map(([start, length]) => start + length);
      assert.equal(Date.parse(result.endedAt!), NOON + 1000 * Math.max(...ends));
    }
  });
}

Deno.test("mergeResults(): a run that never began has no time", () => {
  const none = benchResult("1.2.3", {
    ...BENCH,
    ok: 0,
    failures: { ...BENCH.failures, reset: 0, mismatch: 0 },
    startedMs: null,
    seconds: 0,
  });
  const result = merged(BENCH, none);
  assert.equal(result.seconds, BENCH.seconds);
  assert.equal(result.commonSeconds, 0);
  assert.deepEqual(result.windows[1], { startedAt: null, endedAt: null });
});

Deno.test("mergeResults(): adds faults, schedules and engines, where there are any", () => {
  const late = (samples: number[]) => histogramOf(samples);
  const withRate = (samples: number[], more: object) => {
    const run = htstress({ samples: [10, 20] });
    const histogram = late(samples);
    return {
      ...run,
      ...more,
      schedule: { ratePerSecond: 5, due: 10, sent: 8, unsent: 2, lateUs: summarize(histogram) },
      hdr: { ...run.hdr, ...compressAll({ lateUs: histogram }) },
    };
  };
  const fault = { kind: "garbage", reason: "a line ends with LF alone", example: "GET" };
  const result = merged(
    withRate([1, 2], { engine: "epoll", faults: [{ ...fault, count: 2 }] }),
    withRate([3], {
      engine: "io_uring",
      faults: [{ ...fault, example: "x", count: 3 }, { ...fault, reason: "other", count: 9 }],
    }),
    withRate([], { engine: "epoll" }),
  ) as unknown as Record<string, unknown>;
  assert.equal(result.engine, "epoll, io_uring");
  assert.deepEqual(result.faults, [
    { ...fault, reason: "other", count: 9 },
    { ...fault, count: 5 },
  ]);
  const all = summarize(late([1, 2, 3]));
  assert.deepEqual(result.schedule, {
    ratePerSecond: 15,
    due: 30,
    sent: 24,
    unsent: 6,
    lateUs: all,
  });
  assert.deepEqual(Object.keys(result.hdr as object), [
    "latencyUs",
    "ttfbUs",
    "connectUs",
    "lateUs",
  ]);
});

Deno.test("mergeResults(): leaves out what it does not know, and says so", () => {
  const { result, leftOut } = mergeResults(
    "1.2.3",
    sourcesOf([{ ...HTSTRESS, tides: 3, moon: {} }, { ...HTSTRESS, tides: 4 }]),
  );
  assert.deepEqual(leftOut, ["tides", "moon"]);
  assert.ok(!("tides" in result));
});

const { hdr: _hdr, ...WITHOUT_HDR } = HTSTRESS;
const OTHER = { ...HTSTRESS, threads: 5 };

/** Documents a and b that cannot be merged, and what the error about b says. */
const WRONG: [a: object, b: object, message: RegExp][] = [
  [HTSTRESS, BENCH, /its command is "bench", that of a is "htstress"; merge runs with the same/],
  [HTSTRESS, { command: "doctor" }, /its command is "doctor"; merge what 'ktcp bench --json'/],
  [HTSTRESS, {}, /its command is missing/],
  [HTSTRESS, { ...HTSTRESS, sweep: "rate" }, /comes from --sweep; merge single runs/],
  [HTSTRESS, { command: "htstress", compared: [] }, /comes from --compare/],
  [HTSTRESS, HTSTRESS, /it is the same run as a; name each run once/],
  [HTSTRESS, { ...HTSTRESS, mode: "keep-alive" }, /its mode is "keep-alive", that of a is "close"/],
  [HTSTRESS, { ...HTSTRESS, concurrency: 9 }, /its concurrency is 9, that of a is 1/],
  [BENCH, { ...BENCH, messageBytes: 1 }, /its messageBytes is 1, that of a is 64/],
  [BENCH, { ...BENCH, rounds: 1 }, /its rounds is 1, that of a is 2/],
  [BENCH, { ...BENCH, ratePerSecond: 5 }, /it ran with --rate, a without --rate: their latencies/],
  [{ ...HTSTRESS, schedule: null }, HTSTRESS, /it ran with --rate, a without --rate/],
  [HTSTRESS, WITHOUT_HDR, /has no histogram of latencyUs in hdr, .*; repeat the run with this/],
  [HTSTRESS, { ...HTSTRESS, hdr: { ...HTSTRESS.hdr, ttfbUs: "AAAA" } }, /hdr ttfbUs is damaged/],
  [
    HTSTRESS,
    { ...HTSTRESS, hdr: { ...HTSTRESS.hdr, ttfbUs: HTSTRESS.hdr.latencyUs } },
    /hdr ttfbUs is damaged: .*; save the run again with --json/,
  ],
  [
    HTSTRESS,
    { ...OTHER, latencyUs: { ...HTSTRESS.latencyUs, count: 7 } },
    /holds 4 samples, and latencyUs counts 7/,
  ],
  [HTSTRESS, { ...HTSTRESS, good: "many" }, /its good is "many" and no number; save the run again/],
  [HTSTRESS, { ...HTSTRESS, statuses: null }, /its statuses is null/],
  [HTSTRESS, { ...HTSTRESS, urls: 5 }, /its urls is 5 and no list/],
  [HTSTRESS, { ...HTSTRESS, errors: { reset: {} } }, /its errors reset is {} and no number/],
  [HTSTRESS, { ...HTSTRESS, startedAt: "noon" }, /said to have run from noon to 2026/],
  [HTSTRESS, { ...HTSTRESS, merged: "x" }, /its merged is "x" and no number/],
];

for (const [a, b, message] of WRONG) {
  Deno.test(`mergeResults(): refuses what ${message} says`, () => {
    const merge = () => mergeResults("1.2.3", sourcesOf([a, b]));
    assert.throws(merge, { name: "MergeError", message: /^Cannot merge b: / });
    assert.throws(merge, { message });
  });
}
