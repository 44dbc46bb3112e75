/** Finished runs for the tests of results and reports. */
import { benchResult, compressAll, htstressResult } from "../../bench/result.ts";
import { LatencyHistogram } from "../../bench/stats/histogram.ts";
import { summarize } from "../../bench/stats/summary.ts";

/** A histogram of `values` in microseconds. */
export function histogramOf(values: number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  values.forEach((us) => histogram.record(us));
  return histogram;
}

/** 100 connects from 20.5 µs up, one of which met a lost SYN. */
export const CONNECTS = histogramOf([
  ...Array.from({ length: 99 }, (_, i) => 20.5 + i),
  1_020_000,
]);

/** 98 echoes from 100 µs to 197 µs. */
export const ECHOES = histogramOf(Array.from({ length: 98 }, (_, i) => 100 + i));

/** An echo run of 50 clients and two rounds, two echoes of which failed. */
export const BENCH = benchResult("1.2.3", {
  target: "127.0.0.1:12345",
  selfStarted: true,
  engine: "deno",
  threads: 50,
  rounds: 2,
  messages: 1,
  messageBytes: 64,
  ratePerSecond: null,
  ok: 98,
  failures: { refused: 0, reset: 1, timeout: 0, mismatch: 1, short: 0, closed: 0 },
  startedMs: Date.UTC(2026, 0, 31, 12),
  seconds: 0.5,
  connectUs: summarize(CONNECTS),
  echoUs: summarize(ECHOES),
  kernel: { synRetransmits: 1, listenOverflows: 0 },
  clients: Array.from({ length: 50 }, (_, index) => ({
    index,
    meanUs: index === 7 ? null : 100 + index,
    failed: index === 7 ? 2 : 0,
  })),
  limits: [],
  hdr: compressAll({ connectUs: CONNECTS, echoUs: ECHOES }),
});

const LATENCIES = histogramOf([1000, 2000, 3000, 20_000]);
const TTFBS = histogramOf([900, 1900]);

/** How late the requests of an open loop started. */
const LATENESS = histogramOf([10, 20, 5000]);

/** An HTTP run with every kind of outcome, and without keep-alive. */
export const HTSTRESS = htstressResult("1.2.3", {
  urls: ["http://127.0.0.1:8081/"],
  engine: "deno",
  mode: "close",
  concurrency: 1,
  threads: 4,
  pipeline: 1,
  asked: {
    requests: null,
    seconds: 2,
    ratePerSecond: 500,
    rampSeconds: null,
    warmupSeconds: 0.5,
  },
  good: 985,
  unwanted: 5,
  startedMs: Date.UTC(2026, 0, 31, 12),
  seconds: 2,
  window: {
    answered: 980,
    bytesIn: 2 * 1024 ** 2,
    inFlight: 13,
    abandoned: 1,
    drainSeconds: 10.25,
  },
  schedule: {
    ratePerSecond: 500,
    due: 1200,
    sent: 1001,
    unsent: 199,
    lateUs: summarize(LATENESS),
  },
  bytesIn: 3 * 1024 ** 2,
  bytesOut: 98_304,
  statuses: { "200": 985, "404": 5 },
  errors: {
    refused: 1,
    reset: 1,
    timeout: 1,
    truncated: 2,
    garbage: 1,
    closed: 3,
    tls: 1,
    protocol: 0,
  },
  faults: [
    {
      kind: "closed",
      reason: "the server closed the connection before it answered",
      count: 3,
      example: "127.0.0.1:8081",
    },
    {
      kind: "garbage",
      reason: "a line ends with LF alone",
      count: 1,
      example: "HTTP/1.1 200 OK\\n",
    },
  ],
  latencyUs: summarize(LATENCIES),
  ttfbUs: summarize(TTFBS),
  connectUs: summarize(),
  hdr: compressAll({
    latencyUs: LATENCIES,
    ttfbUs: TTFBS,
    connectUs: histogramOf([]),
    lateUs: LATENESS,
  }),
});
