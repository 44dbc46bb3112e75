/** What a benchmark measured: the document that `--json` prints, and its tables. */
import { type Environment, readEnvironment } from "../../../bench/lab/environment.ts";
import { markdownTable } from "../../../bench/report/text_layout.ts";
import { type Spread, spreadOf } from "../../../bench/stats/spread.ts";
import { VERSION } from "../../../cli/shared/version.ts";
import { formatBytes, formatCount, formatLatency } from "../../../system/units.ts";

/** A figure: what tables call it, and how its values are written. */
interface Figure {
  title: string;
  format(value: number): string;
}

/** All figures that benchmarks measure, in the order of their columns. */
export const FIGURES = {
  requestsPerSecond: { title: "requests/s", format: formatCount },
  bytesPerSecond: { title: "bytes/s", format: formatBytes },
  cpuUsPerRequest: { title: "CPU/request", format: formatLatency },
  nsPerRequest: { title: "time/request", format: (ns) => `${formatCount(Math.round(ns))} ns` },
  p50Us: { title: "p50", format: formatLatency },
  p99Us: { title: "p99", format: formatLatency },
  startMs: { title: "start", format: (ms) => `${Math.round(ms)} ms` },
  residentBytes: { title: "memory", format: formatBytes },
  errors: { title: "errors", format: formatCount },
} satisfies Record<string, Figure>;

/** The name of a figure; it ends with the unit. */
export type FigureName = keyof typeof FIGURES;

/** What one subject did under one load: the median of the rounds, with the lowest and the highest. */
export interface MeasuredRow {
  load: string;
  subject: string;
  figures: Partial<Record<FigureName, Spread>>;
}

/** A benchmark's result. */
export interface Measurement {
  /** `deno task bench:hello --rounds 3`: the command that measured it. */
  command: string;
  environment: Environment;
  /** What the subjects are: `server`, `client`. */
  subject: string;
  /** The subject whose figures others are multiples of, if there is one for all loads. */
  baseline: string | null;
  rows: MeasuredRow[];
}

/** The values of one round each; those that are null or NaN are left out. */
export type Rounds = Partial<Record<FigureName, readonly (number | null)[]>>;

/** The row of `subject` under `load`. */
export function measuredRow(load: string, subject: string, rounds: Rounds): MeasuredRow {
  const figures: MeasuredRow["figures"] = {};
  for (const [name, values] of Object.entries(rounds) as [FigureName, (number | null)[]][]) {
    const spread = spreadOf(
      values.filter((value): value is number => value !== null && Number.isFinite(value)),
    );
    if (spread) figures[name] = spread;
  }
  return { load, subject, figures };
}

/** A result of the task `task`, which was given the arguments of this process. */
export function measurement(
  task: string,
  result: Pick<Measurement, "subject" | "baseline" | "rows">,
): Measurement {
  const args = Deno.args.filter((arg) => arg !== "--json");
  return {
    command: ["deno task", task, ...args].join(" "),
    environment: readEnvironment(VERSION, false),
    ...result,
  };
}

/**
 * `rows` as a Markdown table: a column for each figure that a row has and, after a figure that
 * `multiples` names, its ratio to the baseline's under the same load.
 */
export function measuredTable(
  { rows, subject, baseline }: Pick<Measurement, "rows" | "subject" | "baseline">,
  { multiples = ["requestsPerSecond", "cpuUsPerRequest", "nsPerRequest"] }: {
    multiples?: readonly FigureName[];
  } = {},
): string {
  const names = (Object.keys(FIGURES) as FigureName[])
    .filter((name) => rows.some(({ figures }) => figures[name]));
  const hasMultiple = (name: FigureName) => baseline !== null && multiples.includes(name);
  const heading = names.flatMap((name) => [FIGURES[name].title, ...hasMultiple(name) ? ["x"] : []]);
  const lines = rows.map(({ load, subject, figures }) => {
    const base = rows.find((row) => row.load === load && row.subject === baseline)?.figures;
    return [
      load,
      subject,
      ...names.flatMap((name) => {
        const spread = figures[name];
        const text = spread ? FIGURES[name].format(spread.median) : "";
        return hasMultiple(name) ? [text, multipleOf(spread, base?.[name])] : [text];
      }),
    ];
  });
  return markdownTable([["load", subject, ...heading], ...lines], "llr");
}

/** `spread` as a multiple of `base`; empty where one is missing. */
function multipleOf(spread: Spread | undefined, base: Spread | undefined): string {
  return spread && base?.median ? (spread.median / base.median).toFixed(2) : "";
}

/** Prints `result`: its document, or its table. */
export function printMeasurement(result: Measurement, { json = false } = {}): void {
  console.log(json ? JSON.stringify(result, null, 2) : measuredTable(result));
}
