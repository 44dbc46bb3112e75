/** The files that `ktcp bench` writes when it is asked to. */
import type { EchoOutcome } from "../../bench/echo/echo.ts";
import { BENCH_CSV_HEADER, benchTxt, echoCsv } from "../../bench/report/csv.ts";
import type { BenchResult, EchoSample } from "../../bench/result.ts";
import { UsageError } from "../shared/failure.ts";
import { checkFolder, checkPlot, writeFile, writePlot } from "../shared/files.ts";

/** Options that name files. */
export interface FileOptions {
  output?: string;
  csv?: string;
  plot?: string;
  gnuplot?: string;
}

/** So many characters of CSV are written at once. */
const CSV_PIECE_CHARS = 1 << 16;

/**
 * Checks, before anything is measured, that the files can be made.
 *
 * @throws {UsageError} for names that do not say what to draw
 * @throws {Failure} when a folder is missing
 */
export function checkFiles(options: FileOptions): void {
  const { plot, gnuplot, output } = options;
  if (plot !== undefined) checkPlot(plot);
  if (gnuplot !== undefined && output === undefined) {
    throw new UsageError(`--gnuplot '${gnuplot}' has no data to plot; add --output <file>`);
  }
  for (const [option, path] of Object.entries({ ...options })) {
    if (path !== undefined) checkFolder(option, path);
  }
}

/** Writes the files that `options` name, and says so on stderr. */
export async function writeFiles(
  options: FileOptions,
  result: BenchResult,
  outcome: EchoOutcome,
): Promise<void> {
  const { output, csv, plot, gnuplot } = options;
  if (output !== undefined) await writeFile("output", output, benchTxt(result.clients));
  if (csv !== undefined) await writeFile("csv", csv, csvPieces(outcome.tallies.samples()));
  if (gnuplot !== undefined) {
    await writeFile("gnuplot", gnuplot, await gnuplotScript(gnuplot, output!, result));
  }
  if (plot === undefined) return;
  const { benchCharts } = await import("../../bench/report/figures.ts");
  const charts = benchCharts(result, [
    { name: "connect", curve: outcome.connectUs.curve() },
    { name: "echo", curve: outcome.echoUs.curve() },
  ]);
  await writePlot(plot, charts);
}

async function gnuplotScript(path: string, dataPath: string, result: BenchResult): Promise<string> {
  const { benchGnuplot } = await import("../../bench/report/gnuplot.ts");
  return benchGnuplot({
    dataPath,
    outputPath: path.replace(/\.[^./]*$/, "") + ".png",
    subtitle: `${result.threads} clients, ${result.rounds} rounds, ${result.target}`,
  });
}

/** The CSV document in pieces: all of it could be longer than a string can be. */
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
