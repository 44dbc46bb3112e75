/**
 * Adds up the results of several machines as if one run had made them all.
 *
 * Counts are added, and histograms bucket by bucket: percentiles are those of all samples, never
 * averages of percentiles. Totals and rates are computed anew, as for a single run. The time of the
 * merged run is the time during which at least one of the runs was active.
 */
import { messageOf } from "../../system/message_of.ts";
import {
  benchResult,
  type BenchRun,
  htstressResult,
  type HtstressRun,
  type Result,
  type Window,
} from "../result.ts";
import { formatInstant } from "../../system/instant.ts";
import { compressed, fromCompressed } from "../stats/hdr_text.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { type LatencySummary, summarize } from "../stats/summary.ts";
import type { Source } from "./documents.ts";
import {
  asked,
  clients,
  faults,
  joined,
  limits,
  MergeError,
  numberOf,
  objectOf,
  type Rule,
  same,
  schedule,
  sum,
  sumEach,
  sumEachKnown,
  sumOfRates,
  union,
  window,
} from "./rules.ts";
import { commonSeconds, coveredSeconds, type Span, spanOf } from "./windows.ts";

/** Additional fields of a merged document. */
export interface MergedFields {
  /** How many runs it adds up. */
  merged: number;
  /** How long all of them ran at the same time. */
  commonSeconds: number;
  /** When each of them ran. */
  windows: Window[];
}

/** The result of merging. */
export interface Merged {
  result: Result & MergedFields;
  /** The latencies of all runs by the name of their object. */
  histograms: Record<string, LatencyHistogram>;
  /** Fields that this version cannot add up, and that the result lacks. */
  leftOut: string[];
}

/** Fields of a run that are derived from others, or merged without a rule. */
type Derived = "unwanted" | "startedMs" | "seconds" | "hdr" | `${string}Us`;

type Rules<Run> = Record<Exclude<keyof Run, Derived>, Rule>;

const BENCH_RULES: Rules<BenchRun> = {
  target: joined,
  selfStarted: same,
  engine: joined,
  threads: sum,
  rounds: same,
  messages: same,
  messageBytes: same,
  ratePerSecond: sumOfRates,
  ok: sum,
  failures: sumEach,
  kernel: sumEachKnown,
  clients,
  limits,
};

const HTSTRESS_RULES: Rules<HtstressRun> = {
  urls: union,
  engine: joined,
  mode: same,
  concurrency: same,
  threads: sum,
  pipeline: same,
  asked,
  good: sum,
  window,
  schedule,
  bytesIn: sum,
  bytesOut: sum,
  statuses: sumEach,
  errors: sumEach,
  faults,
};

/** The latency objects of each command. */
const LATENCIES = {
  bench: ["connectUs", "echoUs"],
  htstress: ["latencyUs", "ttfbUs", "connectUs"],
} as const;

/**
 * Adds up `sources`, of which there is at least one; a merged document counts as all its runs.
 *
 * @param version of ktcp, for the document
 * @throws {MergeError} when they cannot be added up, or one of them is damaged
 */
export function mergeResults(version: string, sources: readonly Source[]): Merged {
  const command = commandOf(sources);
  checkDistinct(sources);
  const windows = sources.flatMap(windowsOf);
  const spans = sources.flatMap((source) =>
    windowsOf(source).flatMap((window) => spanOf(window, source.name) ?? [])
  );
  const histograms = Object.fromEntries(
    LATENCIES[command].map((field) => [field, sumOfLatencies(sources, field, latencyIn)]),
  );
  const rules = command === "bench" ? BENCH_RULES : HTSTRESS_RULES;
  const run: Record<string, unknown> = {
    ...applied(rules as Record<string, Rule>, sources),
    startedMs: spans.length === 0 ? null : Math.min(...spans.map(({ startMs }) => startMs)),
    seconds: coveredSeconds(spans),
    ...mapValues(histograms, summarize),
  };
  if (objectOf(run.schedule).due !== undefined) {
    histograms.lateUs = sumOfLatencies(sources, "lateUs", lateIn);
    run.schedule = { ...objectOf(run.schedule), lateUs: summarize(histograms.lateUs) };
  }
  const hdr = mapValues(histograms, compressed);
  const result = completed(command, version, { ...run, hdr }, sources);
  const merged: MergedFields = {
    merged: sources.reduce((total, source) => total + runsIn(source), 0),
    commonSeconds: spans.length < windows.length ? 0 : commonSeconds(spans),
    windows,
  };
  const { hdr: last, ...rest } = result;
  const whole = { ...rest, ...lastEnd(spans), ...merged, hdr: last } as Merged["result"];
  return { result: whole, histograms, leftOut: unknownFields(sources, whole) };
}

/** The command of all `sources`. */
function commandOf(sources: readonly Source[]): keyof typeof LATENCIES {
  for (const { name, document } of sources) {
    const { command } = document;
    if (command !== "bench" && command !== "htstress") {
      throw new MergeError(
        name,
        `its command is ${JSON.stringify(command) ?? "missing"}; ` +
          "merge what 'ktcp bench --json' or 'ktcp htstress --json' saved",
      );
    }
    const other = document.sweep !== undefined && "sweep" ||
      document.compared !== undefined && "compare";
    if (other) {
      throw new MergeError(name, `it comes from --${other}; merge single runs, without --${other}`);
    }
  }
  return same(
    sources.map(({ name, document }) => ({ name, value: document.command })),
    "command",
  ) as keyof typeof LATENCIES;
}

/** @throws {MergeError} when a document is given twice, so that its run would count twice */
function checkDistinct(sources: readonly Source[]): void {
  const seen = new Map<string, string>();
  for (const { name, text } of sources) {
    const other = seen.get(text);
    if (other !== undefined) {
      throw new MergeError(name, `it is the same run as ${other}; name each run once`);
    }
    seen.set(text, name);
  }
}

/** How many runs a document contains: one, unless it is merged. */
function runsIn({ name, document: { merged = 1 } }: Source): number {
  return numberOf({ name, value: merged }, "merged");
}

function windowsOf({ document }: Source): Window[] {
  const windows = document.windows ?? [document];
  return (Array.isArray(windows) ? windows : [windows]).map((window) => {
    const { startedAt = "?", endedAt = "?" } = objectOf(window);
    return { startedAt, endedAt } as Window;
  });
}

/** All fields of `rules`, merged. */
function applied(
  rules: Record<string, Rule>,
  sources: readonly Source[],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(rules).map(([field, rule]) => {
      const parts = sources.map(({ name, document }) => ({ name, value: document[field] }));
      return [field, rule(parts, field)];
    }),
  );
}

/** The document of the merged fields, with everything derived from them. */
function completed(
  command: keyof typeof LATENCIES,
  version: string,
  run: Record<string, unknown>,
  sources: readonly Source[],
): Result {
  if (command === "bench") return benchResult(version, run as unknown as BenchRun);
  // The documents only have the sum of these and other bad responses.
  const [bad] = Object.values(applied({ bad: sum }, sources)) as number[];
  const errors = run.errors as HtstressRun["errors"];
  const unwanted = bad - errors.truncated - errors.garbage;
  return htstressResult(version, { ...run, unwanted } as unknown as HtstressRun);
}

/** The end of the last run; there may be pauses between the first start and it. */
function lastEnd(spans: readonly Span[]): Partial<Window> {
  if (spans.length === 0) return {};
  return { endedAt: formatInstant(Math.max(...spans.map(({ endMs }) => endMs))) };
}

function latencyIn({ document }: Source, field: string): unknown {
  return document[field];
}

function lateIn({ document }: Source): unknown {
  return objectOf(document.schedule).lateUs;
}

/** All samples behind the latency objects that `latencyOf` finds. */
function sumOfLatencies(
  sources: readonly Source[],
  field: string,
  latencyOf: (source: Source, field: string) => unknown,
): LatencyHistogram {
  const total = new LatencyHistogram();
  for (const source of sources) {
    total.merge(histogramOf(source, field, objectOf(latencyOf(source, field))));
  }
  return total;
}

/** The samples of a latency object of `source`, checked against its figures. */
function histogramOf(
  { name, document }: Source,
  field: string,
  { count, min, max }: Partial<Record<keyof LatencySummary, unknown>>,
): LatencyHistogram {
  const text = objectOf(document.hdr)[field];
  if (typeof text !== "string") {
    throw new MergeError(
      name,
      `it has no histogram of ${field} in hdr, and percentiles cannot be added up; ` +
        "repeat the run with this version of ktcp",
    );
  }
  const damaged = (reason: string) =>
    new MergeError(name, `its hdr ${field} is damaged: ${reason}; save the run again with --json`);
  let histogram: LatencyHistogram;
  try {
    const extremes = typeof min === "number" && typeof max === "number"
      ? { minUs: min, maxUs: max }
      : undefined;
    histogram = fromCompressed(text, extremes);
  } catch (error) {
    throw damaged(messageOf(error));
  }
  if (histogram.count !== count) {
    throw damaged(`it holds ${histogram.count} samples, and ${field} counts ${count}`);
  }
  return histogram;
}

/** Fields of `sources` that `result` lacks. */
function unknownFields(sources: readonly Source[], result: object): string[] {
  const fields = new Set(sources.flatMap(({ document }) => Object.keys(document)));
  return [...fields].filter((field) => !(field in result));
}

function mapValues<From, To>(
  record: Record<string, From>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
