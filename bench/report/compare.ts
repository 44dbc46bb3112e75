/**
 * Runs before and after a change side by side: what `--compare` prints. Pure.
 *
 * If there are several runs on each side, they are judged like the repetitions of labs. For single
 * runs, it can only be said which changes are too small for the number of samples, whatever else
 * varies.
 */
import { latenciesOf, type Result } from "../result.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { fromCompressed } from "../stats/hdr_text.ts";
import { relativeSpread, type Spread, spreadOf } from "../stats/spread.ts";
import { figureLabel, FIGURES, PERCENTILES } from "../stats/summary.ts";
import { EQUAL_RATIO, judge, type Verdict } from "../stats/verdict.ts";
import { fittingTable, wrap } from "./text_layout.ts";
import { formatBytes, formatChange, formatCount, formatLatency } from "../../system/units.ts";

/** A figure of both sides, in base units; null if no run has samples. */
export interface ComparedFigure {
  /** Such as `echo p99`. */
  name: string;
  kind: "count" | "bytes" | "latency";
  /** Medians of the side's runs. */
  before: number | null;
  after: number | null;
  /** How `after` compares with `before`; only with several runs on each side. */
  verdict?: Verdict;
  beforeSpread?: Spread;
  afterSpread?: Spread;
  /** For single runs: why the difference may be due to sampling alone. */
  doubt?: "chance" | "few";
}

/** A figure of one run. */
interface Figure {
  name: string;
  kind: ComparedFigure["kind"];
  value: number | null;
  /** Its 95 % confidence interval, if the run has its histograms. */
  bounds?: [low: number, high: number];
  /** For a percentile: how many samples are above it. */
  above?: number;
}

const FORMATS = {
  count: (value: number | null) => value === null ? "-" : formatCount(value),
  bytes: (value: number | null) => value === null ? "-" : formatBytes(value),
  latency: formatLatency,
};

/** A percentile with fewer samples than this above it is a matter of chance. */
const FEW_SAMPLES = 10;

/** Half-width of a 95 % confidence interval, in standard deviations. */
const CONFIDENCE = 1.96;

/**
 * Pairs the figures of runs of the same command; there is at least one on each side.
 *
 * @throws {TypeError} when the commands differ
 */
export function compareResults(
  before: readonly Result[],
  after: readonly Result[],
): ComparedFigure[] {
  const [{ command }] = before;
  const other = [...before, ...after].find((result) => result.command !== command);
  if (other) {
    throw new TypeError(`Cannot compare a run of ${command} with one of ${other.command}`);
  }
  const [lefts, rights] = [before.map(figuresOf), after.map(figuresOf)];
  const runs = Math.min(before.length, after.length);
  return lefts[0].map(({ name, kind }, i): ComparedFigure => {
    const [left, right] = [lefts, rights].map((side) =>
      spreadOf(side.flatMap((figures) => figures[i].value ?? []))
    );
    const figure = { name, kind, before: left?.median ?? null, after: right?.median ?? null };
    if (!left || !right) return figure;
    if (before.length === 1 && after.length === 1) {
      return { ...figure, doubt: doubtOf(lefts[0][i], rights[0][i]) };
    }
    const verdict = judge(right, left, runs);
    return { ...figure, verdict, beforeSpread: left, afterSpread: right };
  });
}

/**
 * The comparison as tables with the change of each figure, and what can be concluded.
 *
 * @param names of the two sides
 * @param width columns of the terminal
 */
export function compareText(
  before: readonly Result[],
  after: readonly Result[],
  { names, width }: { names: [before: string, after: string]; width: number },
): string {
  const figures = compareResults(before, after);
  const isRepeated = figures.some(({ verdict }) => verdict !== undefined);
  const groups = ["", ...latenciesOf(before[0]).map(({ name }) => name)];
  const tables = groups.map((group) => {
    const own = figures.filter(({ name, kind }) =>
      kind === "latency" ? name.startsWith(`${group} `) && group !== "" : group === ""
    );
    const rows = own.map((figure) => [
      figure.name.slice(group === "" ? 0 : group.length + 1),
      side(figure, figure.before, figure.beforeSpread),
      side(figure, figure.after, figure.afterSpread),
      formatChange(figure.before, figure.after),
      isRepeated ? figure.verdict ?? "" : MARKS[figure.doubt ?? "none"].mark,
    ]);
    return fittingTable([[group, "before", "after", "change", ""], ...rows], width);
  });
  const layout = { width, margin: "", breaksWords: true };
  const marks = Object.entries(MARKS).flatMap(([doubt, { mark, meaning }]) =>
    figures.some((figure) => figure.doubt === doubt) ? [wrap(`${mark} ${meaning}`, layout)] : []
  );
  return [
    wrap(names[0], { ...layout, bullet: "before: " }) + "\n" +
    wrap(names[1], { ...layout, bullet: "after:  " }),
    wrap(isRepeated ? judgedText(before.length, after.length) : ONCE, layout),
    ...tables,
    ...marks.length > 0 ? [marks.join("\n")] : [],
  ].join("\n\n");
}

/** The note about a comparison of single runs. */
const ONCE =
  "Each side was run once, and how much runs differ by themselves is unknown: any change may be " +
  "noise. To judge it, save several runs of each: --compare before*.json --with after*.json";

/** The marks after a change between single runs. */
const MARKS: Record<"chance" | "few" | "none", { mark: string; meaning: string }> = {
  chance: {
    mark: "~",
    meaning: "the difference may be due to sampling alone (95% confidence).",
  },
  few: { mark: "!", meaning: `fewer than ${FEW_SAMPLES} samples lie above this percentile.` },
  none: { mark: "", meaning: "" },
};

function judgedText(before: number, after: number): string {
  const percent = Math.round((EQUAL_RATIO - 1) * 100);
  if (Math.min(before, after) < 2) {
    return `Medians of ${before} and ${after} runs. A side that was run once cannot be judged: save ` +
      `several runs of each.`;
  }
  return `Medians of ${before} and ${after} runs, ± half of their range. Higher or lower: the ranges ` +
    `do not touch, and the medians differ by more than ${percent}%. Unclear: too noisy to tell.`;
}

function side({ kind }: ComparedFigure, value: number | null, spread: Spread | undefined): string {
  const part = spread ? Math.round(100 * relativeSpread(spread)) : 0;
  return FORMATS[kind](value) + (part > 0 ? ` ±${part}%` : "");
}

function doubtOf(before: Figure, after: Figure): ComparedFigure["doubt"] {
  if (before.value === after.value) return undefined;
  const isFew = (figure: Figure) => figure.above !== undefined && figure.above < FEW_SAMPLES;
  if (isFew(before) || isFew(after)) return "few";
  const [a, b] = [before.bounds, after.bounds];
  return a && b && a[0] <= b[1] && b[0] <= a[1] ? "chance" : undefined;
}

/** All figures of `result`, in the same order for all runs of a command. */
function figuresOf(result: Result): Figure[] {
  const latencies = latenciesOf(result).flatMap(({ name, latency }) => {
    const histogram = histogramOf(result, name);
    return FIGURES.map((figure): Figure => {
      const one: Figure = {
        name: `${name} ${figureLabel(figure)}`,
        kind: "latency",
        value: latency[figure],
      };
      if (figure in PERCENTILES) {
        const share = PERCENTILES[figure as keyof typeof PERCENTILES] / 100;
        one.above = Math.floor(latency.count * (1 - share));
        if (histogram && histogram.count > 0) one.bounds = percentileBounds(histogram, share);
      } else if (figure === "mean" && latency.count > 1) {
        const margin = CONFIDENCE * latency.sd! / Math.sqrt(latency.count);
        one.bounds = [latency.mean! - margin, latency.mean! + margin];
      }
      return one;
    });
  });
  return [...totalsOf(result), ...latencies];
}

/**
 * The histogram of the latency `name` (see `latenciesOf`) of `result`.
 *
 * @returns null when the document holds no histograms
 */
export function histogramOf(result: Result, name: string): LatencyHistogram | null {
  // Documents of older versions have none.
  const text = (result.hdr as Result["hdr"] | undefined)?.[`${name}Us`];
  return text === undefined ? null : fromCompressed(text);
}

/** The 95 % confidence interval of the quantile `share`, from order statistics (binomial). */
function percentileBounds(histogram: LatencyHistogram, share: number): [number, number] {
  const { count } = histogram;
  const margin = CONFIDENCE * Math.sqrt(count * share * (1 - share));
  const at = (rank: number) =>
    histogram.percentileUs(100 * Math.min(count, Math.max(1, rank)) / count);
  return [at(count * share - margin), at(count * share + margin + 1)];
}

/** The figures of `result` that are not latencies. */
function totalsOf(result: Result): Figure[] {
  const total = (name: string, value: number, kind: Figure["kind"] = "count") => ({
    name,
    kind,
    value,
  });
  if (result.command === "bench") {
    return [
      total("echoes", result.attempted),
      total("failed", result.failed),
      total("messages/s", result.messagesPerSecond),
      total("bytes/s", result.bytesPerSecond, "bytes"),
    ];
  }
  return [
    total("requests", result.requests),
    total("bad", result.bad),
    total("socket errors", result.socketErrors),
    total("requests/s", result.requestsPerSecond),
    total("bytes in", result.bytesIn, "bytes"),
    total("bytes out", result.bytesOut, "bytes"),
  ];
}
