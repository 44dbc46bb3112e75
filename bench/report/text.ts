/** What `bench` and `htstress` print on a terminal. Pure. */
import { type BenchResult, type HtstressResult, latenciesOf, type Result } from "../result.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { figureLabel, FIGURES } from "../stats/summary.ts";
import { table } from "./text_layout.ts";
import { barLine } from "./terminal_plot.ts";
import { formatBytes, formatCount, formatLatency } from "../../system/units.ts";

/** The latencies of `result` as a table: a row each for connect, echo and so on. */
function latencyTable(result: Result): string {
  const header = ["", "count", ...FIGURES.map(figureLabel)];
  const rows = latenciesOf(result).map(({ name, latency }) => [
    name,
    formatCount(latency.count),
    ...FIGURES.map((figure) => formatLatency(latency[figure])),
  ]);
  return table([header, ...rows]);
}

/** The summary of an echo run: counts, failures by kind, rates, latencies, kernel counters. */
export function benchText(result: BenchResult): string {
  const { threads, rounds, messages, messageBytes, kernel } = result;
  const server = result.selfStarted ? "ktcp's own echo server" : "the echo server";
  const kinds = counts(result.failures);
  const lines = [
    `${amount(threads, "client")} × ${amount(rounds, "round")} × ` +
    `${amount(messages, "message")} of ${formatBytes(messageBytes)}` +
    ` against ${server} at ${result.target}`,
    `echoes: ${formatCount(result.attempted)}, good ${formatCount(result.ok)}, ` +
    `failed ${formatCount(result.failed)}${kinds && ` (${kinds})`}`,
    `rate:   ${formatCount(result.messagesPerSecond)} messages/s, ` +
    `${formatBytes(result.bytesPerSecond)}/s in ${result.seconds.toFixed(3)} s`,
    `kernel: ${kernel.synRetransmits ?? "unknown"} SYN retransmits, ` +
    `${kernel.listenOverflows ?? "unknown"} listen overflows`,
    "",
    latencyTable(result),
  ];
  return lines.join("\n");
}

/**
 * The summary of an HTTP run: first the C tool's six lines, letter for letter, then what it does
 * not know.
 */
export function htstressText(result: HtstressResult): string {
  const { requests, good, bad, socketErrors, seconds } = result;
  const percent = (count: number) => `[${requests ? Math.trunc(count * 100 / requests) : 0}%]`;
  const kinds = counts(result.errors);
  const lines = [
    "",
    `requests:      ${requests}`,
    `good requests: ${good} ${percent(good)}`,
    `bad requests:  ${bad} ${percent(bad)}`,
    `socket errors: ${socketErrors} ${percent(socketErrors)}`,
    `seconds:       ${seconds.toFixed(3)}`,
    `requests/sec:  ${result.requestsPerSecond.toFixed(3)}`,
    "",
    `statuses:      ${counts(result.statuses) || "none"}`,
    ...(kinds ? [`errors:        ${kinds}`] : []),
    `received:      ${formatBytes(result.bytesIn)}, ${perSecond(result.bytesIn, seconds)}`,
    `sent:          ${formatBytes(result.bytesOut)}, ${perSecond(result.bytesOut, seconds)}`,
    "",
    latencyTable(result),
  ];
  return lines.join("\n");
}

/** Rows of {@linkcode histogramText}. */
const BINS = 16;

/** Steps of a bin's edge within a decade, so that edges read well. */
const NICE_STEPS = [1, 1.5, 2, 3, 5, 7];

/**
 * A histogram as text: a row for each range of latencies (of roughly equal ratio, so that tails show
 * too) with its bar, its count and the share of samples up to its end.
 *
 * @param width columns of the longest bar
 */
export function histogramText(histogram: LatencyHistogram, width = 40): string {
  if (histogram.count === 0) return "no samples";
  const edges = niceEdges(histogram.minUs, histogram.maxUs);
  const rows: { upToUs: number; count: number; total: number }[] = [];
  let total = 0;
  for (const upToUs of edges) {
    const upTo = upToUs === edges.at(-1) ? histogram.count : histogram.countUpTo(upToUs);
    const count = upTo - total;
    total += count;
    if (total > 0) rows.push({ upToUs, count, total });
  }
  const most = Math.max(...rows.map((row) => row.count));
  return table([
    ["up to", "", "count", "cumulated"].map((cell, i) => i === 1 ? cell.padEnd(width) : cell),
    ...rows.map((row) => [
      formatLatency(row.upToUs).padStart(8),
      barLine(row.count / most, width).padEnd(width),
      formatCount(row.count),
      `${(100 * row.total / histogram.count).toFixed(2)}%`,
    ]),
  ]);
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

/** `refused 3, timeout 1`: the kinds that occurred, most frequent first. */
function counts(byKind: object): string {
  return Object.entries(byKind)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([kind, count]) => `${kind} ${formatCount(count)}`)
    .join(", ");
}

function perSecond(bytes: number, seconds: number): string {
  return `${formatBytes(seconds > 0 ? bytes / seconds : 0)}/s`;
}

/** `1 client`, `1,000 clients`. */
function amount(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? "" : "s"}`;
}
