/** `--compare` and `--with` of `bench` and `htstress`: saved runs side by side. */
import { messageOf } from "../../system/message_of.ts";
import { basename, dirname, resolve } from "node:path";
import { Option } from "commander";
import { compareResults, compareText, histogramOf } from "../../bench/report/compare.ts";
import { runText } from "../../bench/report/text.ts";
import { readHdrLog } from "../../bench/report/hdr_log.ts";
import { latenciesOf, parseResult, type Result } from "../../bench/result.ts";
import { Heat } from "../../bench/stats/heat.ts";
import { LatencyHistogram } from "../../bench/stats/histogram.ts";
import { Failure, UsageError } from "./failure.ts";
import { checkPlot, drawPlot, minuteOf } from "./files.ts";
import { outputWidth, printJson, printNote, printResult } from "./output.ts";
import { VERSION } from "./version.ts";

/** Values of the options, and of those that say how the comparison is shown. */
export interface CompareFlags {
  compare?: string[];
  with?: string[];
  json?: boolean;
  plot?: string;
}

/** The options. */
export const COMPARE_OPTIONS: readonly Option[] = [
  new Option("--compare <file...>", "instead of a run: compare two that --json saved"),
  new Option("--with <file...>", "compare all of --compare with these: several runs a side"),
];

/** A saved run. */
interface Saved {
  path: string;
  result: Result;
}

/**
 * Prints the figures of both sides and how each changed; with `plot`, draws them over each other.
 *
 * @throws {UsageError} when the files are not two sides
 * @throws {Failure} when a file cannot be read, or they are runs of different commands
 */
export async function compareRuns({ compare, with: others, json, plot }: CompareFlags) {
  const paths = compare ?? [];
  if (compare === undefined || (others === undefined && paths.length !== 2)) {
    throw new UsageError(
      compare === undefined
        ? `--with '${others!.join(" ")}' needs --compare: the runs before the change`
        : `--compare '${paths.join(" ")}' names ${paths.length}; write two files saved with ` +
          `--json, or several and --with for the other side`,
    );
  }
  if (plot !== undefined) checkPlot(plot);
  const before = (others ? paths : paths.slice(0, 1)).map(readSaved);
  const after = (others ?? paths.slice(1)).map(readSaved);
  const [left, right] = [before, after].map((side) => side.map(({ result }) => result));
  try {
    if (json) {
      const figures = compareResults(left, right);
      const compared = [...before, ...after].map(({ path }) => path);
      printJson({ command: left[0].command, version: VERSION, compared, figures });
    } else {
      const names = [before, after].map((side) => side.map(({ path }) => path).join(" "));
      const layout = { names: [names[0], names[1]] as [string, string], width: outputWidth() };
      printResult(compareText(left, right, layout));
    }
  } catch (error) {
    if (error instanceof TypeError) throw new Failure(error.message);
    throw error;
  }
  if (plot !== undefined) await plotSides(plot, before, after);
}

/** Draws both sides over each other, each with all of its runs together. */
async function plotSides(path: string, before: Saved[], after: Saved[]): Promise<void> {
  const { comparedCharts } = await import("../../bench/report/figures.ts");
  const names = sideNames(before, after);
  const sides = [before, after].map((runs, i) => ({
    name: names[i],
    latency: mergedLatency(runs),
    // Runs that followed each other have no common time.
    heat: runs.length === 1 ? heatOf(runs[0]) : undefined,
  }));
  const { name } = latenciesOf(before[0].result).at(-1)!;
  const title = `${names[0]}: ${sideText(before)}\n${names[1]}: ${sideText(after)}`;
  await drawPlot(path, comparedCharts(name, sides), title);
}

/** What the legend calls the sides. */
function sideNames(before: Saved[], after: Saved[]): [string, string] {
  const [left, right] = [before, after].map((runs) => basename(runs[0].path, ".json"));
  const areDistinct = before.length === 1 && after.length === 1 && left !== right;
  return areDistinct ? [left, right] : ["before", "after"];
}

/** What was run, when it was saved, and how often. */
function sideText(runs: Saved[]): string {
  const { path, result } = runs[0];
  const times = runs.length > 1 ? `, ${runs.length} runs` : "";
  return `${result.command} ${runText(result)}${times}, ${
    minuteOf(Deno.statSync(path).mtime ?? new Date())
  }`;
}

function mergedLatency(runs: Saved[]): LatencyHistogram {
  const merged = new LatencyHistogram();
  for (const { path, result } of runs) {
    const one = histogramOf(result, latenciesOf(result).at(-1)!.name);
    if (!one) {
      throw new Failure(
        `Cannot plot ${path}: it holds no histograms; save the run again with this ktcp's --json`,
      );
    }
    merged.merge(one);
  }
  return merged;
}

/** The latency over time, from the log that was written beside the run. */
function heatOf({ path, result }: Saved): Heat | undefined {
  if (result.hdrLog === undefined) return undefined;
  const places = [resolve(dirname(path), result.hdrLog), resolve(result.hdrLog)];
  const text = places.map(readIfThere).find((text) => text !== undefined);
  if (text === undefined) {
    printNote(`${path}: its --hdr-log '${result.hdrLog}' is not there: no latency over time`);
    return undefined;
  }
  const heat = new Heat();
  const { name } = latenciesOf(result).at(-1)!;
  for (const { startMs, endMs, latency } of readHdrLog(text, name)) {
    heat.add(startMs, endMs, latency);
  }
  return heat;
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

function readSaved(path: string): Saved {
  try {
    return { path, result: parseResult(Deno.readTextFileSync(path), path) };
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure(error.message);
    throw new Failure(`Cannot read --compare '${path}': ${messageOf(error)}`);
  }
}
