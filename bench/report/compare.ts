/** Two runs side by side: what `--compare A.json B.json` prints. Pure. */
import { latenciesOf, type Result } from "../result.ts";
import { figureLabel, FIGURES } from "../stats/summary.ts";
import { table } from "./text_layout.ts";
import { formatBytes, formatChange, formatCount, formatLatency } from "../../system/units.ts";

/** A figure of both runs, in base units; null where a run has no samples. */
export interface ComparedFigure {
  /** Such as `echo p99`. */
  name: string;
  kind: "count" | "bytes" | "latency";
  before: number | null;
  after: number | null;
}

const FORMATS = {
  count: (value: number | null) => value === null ? "-" : formatCount(value),
  bytes: (value: number | null) => value === null ? "-" : formatBytes(value),
  latency: formatLatency,
};

/**
 * Pairs the figures of two runs of the same command.
 *
 * @throws {TypeError} when the commands differ
 */
export function compareResults(before: Result, after: Result): ComparedFigure[] {
  if (before.command !== after.command) {
    throw new TypeError(`Cannot compare a run of ${before.command} with one of ${after.command}`);
  }
  const others = totalsOf(after);
  const totals = totalsOf(before).map((total, i) => ({ ...total, after: others[i].before }));
  const latencies = latenciesOf(before).flatMap(({ name, latency }, i) => {
    const other = latenciesOf(after)[i].latency;
    return FIGURES.map((figure): ComparedFigure => ({
      name: `${name} ${figureLabel(figure)}`,
      kind: "latency",
      before: latency[figure],
      after: other[figure],
    }));
  });
  return [...totals, ...latencies];
}

/** The comparison as a table with the change of each figure; `names` head the two columns. */
export function compareText(
  before: Result,
  after: Result,
  names: [before: string, after: string],
): string {
  const rows = compareResults(before, after).map((figure) => [
    figure.name,
    FORMATS[figure.kind](figure.before),
    FORMATS[figure.kind](figure.after),
    formatChange(figure.before, figure.after),
  ]);
  return table([["", ...names, "change"], ...rows]);
}

/** The figures of `result` that are no latencies; `before` holds each. */
function totalsOf(result: Result): ComparedFigure[] {
  const total = (name: string, value: number, kind: ComparedFigure["kind"] = "count") => ({
    name,
    kind,
    before: value,
    after: null,
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
