/** The text that `bench` and `htstress` print, for terminals of any width. Pure. */
import {
  type BenchResult,
  type HtstressResult,
  type HttpFault,
  latenciesOf,
  type OpenLoopSchedule,
  type Result,
} from "../result.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { figureLabel, FIGURES } from "../stats/summary.ts";
import { fittingTable, table, widthOf, wrap } from "./text_layout.ts";
import { barLine } from "./terminal_plot.ts";
import { formatAmount, formatBytes, formatCount, formatLatency } from "../../system/units.ts";

/** The latencies of `result` as a table: a row each for connect, echo and so on, or a column. */
function latencyTable(result: Result, width: number): string {
  const header = ["", "count", ...FIGURES.map(figureLabel)];
  const rows = latenciesOf(result).map(({ name, latency }) => [
    name,
    formatCount(latency.count),
    ...FIGURES.map((figure) => formatLatency(latency[figure])),
  ]);
  return fittingTable([header, ...rows], width);
}

/** A short description of a run: `localhost:8081/, keep-alive, 32 connections`. */
export function runText(result: Result): string {
  if (result.command === "bench") {
    return `${result.target}, ${loadText(result)}`;
  }
  const { urls, mode, concurrency, threads } = result;
  const more = urls.length > 1 ? ` and ${urls.length - 1} more` : "";
  const connections = formatAmount(concurrency * threads, "connection");
  return `${urls[0]}${more}, ${mode === "close" ? "a connection a request" : mode}, ${connections}`;
}

/** `1,000 clients × 10 rounds × 1 message of 64 B`. */
function loadText({ threads, rounds, messages, messageBytes }: BenchResult): string {
  return `${formatAmount(threads, "client")} × ${formatAmount(rounds, "round")} × ` +
    `${formatAmount(messages, "message")} of ${formatBytes(messageBytes)}`;
}

/**
 * The summary of an echo run: counts, failures by kind, rates, latencies, kernel counters.
 *
 * @param width columns of the terminal, as below
 */
export function benchText(result: BenchResult, width: number): string {
  const { kernel } = result;
  const server = result.selfStarted ? "ktcp's own echo server" : "the echo server";
  const field = (name: string, items: string[]) =>
    wrap(listed(items), { width, margin: "", bullet: name.padEnd(8) });
  const counter = (count: number | null, what: string) =>
    count === null ? `unknown ${what}s` : formatAmount(count, what);
  const load = `${loadText(result)} against ${server} at ${result.target}`;
  return [
    wrap(load, { width, margin: "", breaksWords: true }),
    field("echoes:", [
      formatCount(result.attempted),
      `good ${formatCount(result.ok)}`,
      `failed ${formatCount(result.failed)}`,
    ]),
    ...(result.failed > 0 ? [field("failed:", counts(result.failures))] : []),
    field("rate:", [
      `${formatCount(result.messagesPerSecond)} messages/s`,
      `${formatBytes(result.bytesPerSecond)}/s in ${result.seconds.toFixed(3)} s`,
    ]),
    field("kernel:", [
      counter(kernel.synRetransmits, "SYN retransmit"),
      counter(kernel.listenOverflows, "listen overflow"),
    ]),
    "",
    latencyTable(result, width),
  ].join("\n");
}

/**
 * The summary of an HTTP run: first the six lines of the C tool, exactly as it prints them, then
 * further figures.
 */
export function htstressText(result: HtstressResult, width: number): string {
  const { requests, good, bad, socketErrors, seconds } = result;
  const percent = (count: number) => `[${requests ? Math.trunc(count * 100 / requests) : 0}%]`;
  const entry = (name: string, text: string) =>
    wrap(text, { width, margin: "", bullet: name.padEnd(15), breaksWords: true });
  const field = (name: string, items: string[]) =>
    wrap(listed(items), { width, margin: "", bullet: name.padEnd(15) });
  const { faults, window, schedule } = result;
  const statuses = counts(result.statuses);
  const traffic = (bytes: number, bytesInWindow = bytes) => [
    formatBytes(bytes),
    `${formatBytes(seconds > 0 ? bytesInWindow / seconds : 0)}/s`,
  ];
  return [
    "",
    `requests:      ${requests}`,
    `good requests: ${good} ${percent(good)}`,
    `bad requests:  ${bad} ${percent(bad)}`,
    `socket errors: ${socketErrors} ${percent(socketErrors)}`,
    `seconds:       ${seconds.toFixed(3)}`,
    `requests/sec:  ${result.requestsPerSecond.toFixed(3)}`,
    "",
    entry("run:", ranText(result)),
    entry("measured:", windowText(result)),
    ...(schedule ? [entry("schedule:", scheduleText(schedule))] : []),
    field("statuses:", statuses.length > 0 ? statuses : ["none"]),
    ...faults.map((fault, i) => entry(i === 0 ? "errors:" : "", faultText(fault))),
    field("received:", traffic(result.bytesIn, window.bytesIn)),
    field("sent:", traffic(result.bytesOut)),
    "",
    latencyTable(result, width),
  ].join("\n");
}

/** What an HTTP run did: its target, connections and duration. */
function ranText(result: HtstressResult): string {
  const { urls, asked, mode, pipeline, threads, concurrency } = result;
  const { requests, seconds, ratePerSecond, rampSeconds, warmupSeconds } = asked;
  const more = urls.length > 1 ? ` and ${formatAmount(urls.length - 1, "more URL")}` : "";
  const parts = [
    urls[0] + more,
    `${formatAmount(threads * concurrency, "connection")} on ${formatAmount(threads, "thread")}`,
    mode === "close" ? "one connection a request" : "keep-alive",
    pipeline > 1 && `${pipeline} pipelined`,
    ratePerSecond !== null && `open loop at ${formatCount(ratePerSecond)}/s`,
    rampSeconds !== null && `ramp of ${rampSeconds} s`,
    requests !== null && formatAmount(requests, "request"),
    seconds !== null && `for ${seconds} s`,
    warmupSeconds !== null && `after ${warmupSeconds} s of warm-up`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

/** The measured time, and what was in flight at its end. */
function windowText({ seconds, window }: HtstressResult): string {
  const { answered, inFlight, abandoned, drainSeconds } = window;
  const parts = [
    `${formatCount(answered)} answered in ${seconds.toFixed(3)} s`,
    `${formatCount(inFlight)} in flight at the end`,
    abandoned > 0 && `${formatCount(abandoned)} of them given up`,
    inFlight > abandoned && `the last of them ended ${drainSeconds.toFixed(3)} s later`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

/** How many starts of an open loop were due, and how many were sent. */
function scheduleText({ due, sent, unsent, lateUs }: OpenLoopSchedule): string {
  const late = (["p50", "p99", "max"] as const)
    .map((figure) => `${figure} ${formatLatency(lateUs[figure])}`);
  return `due ${formatCount(due)}, sent ${formatCount(sent)}, not sent ${formatCount(unsent)}; ` +
    `late by ${late.join(", ")}`;
}

/** Why requests failed, how many did, and where first. */
export function faultText({ kind, reason, count, example }: HttpFault): string {
  return `${kind} ${formatCount(count)}: ${reason} (first: ${example})`;
}

/** Rows of {@linkcode histogramText}. */
const BINS = 16;

/** Values of bin edges within a decade, so that edges are round. */
const NICE_STEPS = [1, 1.5, 2, 3, 5, 7];

/** Columns of the longest bar, if there is room for it. */
const MAX_BAR = 40;

/**
 * A histogram as text: a row for each range of latencies (of roughly equal ratio, so that tails show
 * too) with its bar, its count and the share of samples up to its end.
 *
 * @param width columns of the terminal
 */
export function histogramText(histogram: LatencyHistogram, width: number): string {
  if (histogram.count === 0) return "no samples";
  const edges = niceEdges(histogram.minUs, histogram.maxUs);
  const rows: { upToUs: number; count: number; total: number }[] = [];
  let total = 0;
  for (const [i, upTo] of histogram.countsUpTo([...edges.slice(0, -1), Infinity]).entries()) {
    const count = upTo - total;
    total += count;
    if (total > 0) rows.push({ upToUs: edges[i], count, total });
  }
  const most = Math.max(...rows.map((row) => row.count));
  const withBars = (bar: number) =>
    table([
      ["up to".padStart(8), " ".repeat(bar), "count", "cumulated"],
      ...rows.map((row) => [
        formatLatency(row.upToUs).padStart(8),
        barLine(row.count / most, bar).padEnd(bar),
        formatCount(row.count),
        `${(100 * row.total / histogram.count).toFixed(2)}%`,
      ]),
    ]);
  return withBars(Math.max(1, Math.min(MAX_BAR, width - widthOf(withBars(0)))));
}

/** Ascending round latencies from above `minUs` to at least `maxUs`, about {@linkcode BINS}. */
function niceEdges(minUs: number, maxUs: number): number[] {
  const span = Math.log10(maxUs / minUs);
  const edges: number[] = [];
  if (span < 0.7) {
    // Within a factor of five: linear bins of a round width.
    const step = niceStep((maxUs - minUs) / BINS);
    for (let i = Math.floor(minUs / step) + 1; edges.length === 0 || edges.at(-1)! < maxUs; i++) {
      edges.push(i * step);
    }
    return edges;
  }
  const every = Math.max(1, Math.round(span * NICE_STEPS.length / BINS));
  const steps = NICE_STEPS.filter((_, i) => i % every === 0);
  for (let exponent = Math.floor(Math.log10(minUs));; exponent++) {
    for (const step of steps) {
      const edge = step * 10 ** exponent;
      if (edge > minUs) edges.push(edge);
      if (edge >= maxUs) return edges;
    }
  }
}

/** The smallest of 1, 2, 5 × 10^n that is not below `value`. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 0.01)));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}

/** `refused 3`, `timeout 1`: the kinds that occurred, most frequent first. */
function counts(byKind: object): string[] {
  return Object.entries(byKind)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${formatCount(count)}`);
}

/** `items` with commas between them. */
function listed(items: readonly string[]): string[] {
  return items.map((item, i) => i < items.length - 1 ? `${item},` : item);
}
