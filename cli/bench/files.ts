/** The files that `ktcp bench` writes when it is asked to. */
import { resolve } from "node:path";
import type { EchoOutcome } from "../../bench/echo/echo.ts";
import { BENCH_CSV_HEADER, benchTxt, echoCsv } from "../../bench/report/csv.ts";
import type { BenchResult, EchoSample } from "../../bench/result.ts";
import type { Heat } from "../../bench/stats/heat.ts";
import { UsageError } from "../shared/failure.ts";
import {
  checkDistinct,
  checkFolder,
  checkPlot,
  minuteOf,
  writeFile,
  writePlot,
} from "../shared/files.ts";

/** Options that name files. */
export interface FileOptions {
  output?: string;
  csv?: string;
  plot?: string;
  gnuplot?: string;
  hdrLog?: string;
}

/** Characters of CSV that are written at once. */
const CSV_PIECE_CHARS = 1 << 16;

/** What the files are written from. */
export interface FileContent {
  result: BenchResult;
  outcome: EchoOutcome;
  /** The latency over time, if it was kept. */
  heat?: Heat;
  /** What was measured, and how. */
  title: string;
}

/**
 * Checks, before anything is measured, that the files can be made.
 *
 * @throws {UsageError} for names that do not say what to draw, or that are the same
 * @throws {Failure} when a folder is missing
 */
export function checkFiles(options: FileOptions): void {
  const { plot, gnuplot, output, csv, hdrLog } = options;
  if (plot !== undefined) checkPlot(plot);
  if (gnuplot !== undefined && output === undefined) {
    throw new UsageError(`--gnuplot '${gnuplot}' has no data to plot; add --output <file>`);
  }
  const paths = { output, csv, plot, gnuplot, "hdr-log": hdrLog };
  for (const [option, path] of Object.entries(paths)) {
    if (path !== undefined) checkFolder(option, path);
  }
  checkDistinct(paths);
}

/** Writes the files that `options` name, and says so on stderr. */
export async function writeFiles(
  options: FileOptions,
  { result, outcome, heat, title }: FileContent,
): Promise<void> {
  const { output, csv, plot, gnuplot } = options;
  if (output !== undefined) await writeFile("output", output, benchTxt(result.clients));
  if (csv !== undefined) await writeFile("csv", csv, csvPieces(outcome.tallies.samples()));
  if (gnuplot !== undefined) {
    const { benchGnuplot } = await import("../../bench/report/gnuplot.ts");
    const script = benchGnuplot({
      dataPath: output!,
      outputPath: pictureOf(options),
      subtitle: `${title} · ${minuteOf(new Date())}`,
    });
    await writeFile("gnuplot", gnuplot, script);
  }
  if (plot === undefined) return;
  const { benchCharts } = await import("../../bench/report/figures.ts");
  const curves = [
    { name: "connect", curve: outcome.connectUs.curve() },
    { name: "echo", curve: outcome.echoUs.curve() },
  ];
  await writePlot(plot, benchCharts(result, curves, heat), title);
}

/** The picture that the script of `--gnuplot` draws: named after it, and distinct from all outputs. */
function pictureOf(options: FileOptions): string {
  const base = options.gnuplot!.replace(/\.[^./]*$/, "");
  const taken = Object.values(options).flatMap((path) => path === undefined ? [] : resolve(path));
  const names = [".png", ".gnuplot.png", ".gnuplot-1.png", ".gnuplot-2.png", ".gnuplot-3.png"];
  return names.map((end) => base + end).find((path) => !taken.includes(resolve(path)))!;
}

/** The CSV document in pieces: as a whole it could be longer than a string can be. */
function* csvPieces(samples: Iterable<EchoSample>): Generator<string> {
  let piece = BENCH_CSV_HEADER + "\n";
  for (const sample of samples) {
    piece += echoCsv(sample) + "\n";
    if (piece.length < CSV_PIECE_CHARS) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
