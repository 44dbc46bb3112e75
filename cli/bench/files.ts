/** The files that `ktcp bench` writes when it is asked to. */
import { dirname } from "node:path";
import type { EchoOutcome } from "../../bench/echo/echo.ts";
import { BENCH_CSV_HEADER, benchTxt, echoCsv } from "../../bench/report/csv.ts";
import type { BenchResult, EchoSample } from "../../bench/result.ts";
import { Failure, messageOf, UsageError } from "../shared/failure.ts";
import { printNote } from "../shared/output.ts";

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
  if (plot !== undefined && !/\.(svg|png)$/.test(plot)) {
    throw new UsageError(
      `--plot '${plot}' is neither; write a file name that ends in .svg or .png`,
    );
  }
  if (gnuplot !== undefined && output === undefined) {
    throw new UsageError(`--gnuplot '${gnuplot}' has no data to plot; add --output <file>`);
  }
  for (const [option, path] of Object.entries({ ...options })) {
    if (path === undefined) continue;
    const folder = dirname(path);
    if (!isDirectory(folder)) {
      throw new Failure(`Cannot write --${option} '${path}': there is no folder '${folder}'`);
    }
  }
}

/** Writes the files that `options` name, and says so on stderr. */
export async function writeFiles(
  options: FileOptions,
  result: BenchResult,
  outcome: EchoOutcome,
): Promise<void> {
  const { output, csv, plot, gnuplot } = options;
  if (output !== undefined) await write(output, benchTxt(result.clients));
  if (csv !== undefined) await write(csv, csvPieces(outcome.tallies.samples()));
  if (gnuplot !== undefined) await write(gnuplot, await gnuplotScript(gnuplot, output!, result));
  if (plot !== undefined) await write(plot, await drawing(plot, result, outcome));
}

async function gnuplotScript(path: string, dataPath: string, result: BenchResult): Promise<string> {
  const { benchGnuplot } = await import("../../bench/report/gnuplot.ts");
  return benchGnuplot({
    dataPath,
    outputPath: path.replace(/\.[^./]*$/, "") + ".png",
    subtitle: `${result.threads} clients, ${result.rounds} rounds, ${result.target}`,
  });
}

async function drawing(
  path: string,
  result: BenchResult,
  outcome: EchoOutcome,
): Promise<string | Uint8Array<ArrayBuffer>> {
  const { benchCharts } = await import("../../bench/report/figures.ts");
  const { renderSvg } = await import("../../bench/report/svg.ts");
  const charts = benchCharts(result, [
    { name: "connect", curve: outcome.connectUs.curve() },
    { name: "echo", curve: outcome.echoUs.curve() },
  ]);
  const svg = await renderSvg(charts);
  if (path.endsWith(".svg")) return svg;
  const { renderPng } = await import("../../bench/report/png.ts");
  return await renderPng(svg);
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

async function write(
  path: string,
  content: string | Uint8Array<ArrayBuffer> | Iterable<string>,
): Promise<void> {
  try {
    if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeTextFile(path, ReadableStream.from(content));
  } catch (error) {
    throw new Failure(`Cannot write '${path}': ${messageOf(error)}`);
  }
  printNote(`wrote ${path}`);
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
