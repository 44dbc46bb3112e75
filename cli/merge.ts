/** `ktcp merge`: adds up the results of several machines. */
import { messageOf } from "../system/message_of.ts";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import type { FailIf } from "../bench/fail_if.ts";
import { readDocuments, type Source } from "../bench/merge/documents.ts";
import { type Merged, mergeResults } from "../bench/merge/merge.ts";
import { MergeError } from "../bench/merge/rules.ts";
import { mergedText } from "../bench/report/merged.ts";
import { benchText, histogramText, htstressText } from "../bench/report/text.ts";
import { failIfOption, isFailed } from "./shared/fail_if.ts";
import { Failure, UsageError } from "./shared/failure.ts";
import { withNotes } from "./shared/help.ts";
import { addOptions, count } from "./shared/options.ts";
import { outputWidth, printJson, printNote, printResult } from "./shared/output.ts";
import { VERSION } from "./shared/version.ts";

interface MergeOptions {
  runs?: number;
  json?: boolean;
  failIf: FailIf[];
}

/** The name of stdin among the files. */
const STDIN = "-";

/** Runs that have less of their time in common did not load the server together. */
const LEAST_COMMON = 0.9;

/** Builds the command; its exit code is 1 when results cannot be merged, or a --fail-if holds. */
export function command(): Command {
  const merge = new Command("merge")
    .description(
      "Adds up results of several machines that 'ktcp bench --json' or 'ktcp htstress --json' " +
        "printed, exactly: counts are added, and histograms bucket by bucket, so percentiles are " +
        "those of all samples. Rates are the total over the time in which at least one run measured.",
    )
    .argument("<files...>", "saved documents, one or several each, also merged ones; - is stdin");
  addOptions(merge, [
    new Option("--json", "print one JSON document"),
    count("--runs", "exit 1 unless the documents hold this many runs", { max: 1_000_000 }),
    failIfOption(),
  ]);
  return withNotes(merge, {
    exit: {
      1: "results cannot be merged, or a --fail-if holds for all of them together",
    },
    examples: [
      ["ktcp merge host1.json host2.json host3.json", "the figures of three machines together"],
      ["ktcp merge --runs 8 --json run/*.json > all.json", "be sure that none of eight is missing"],
      [
        "kubectl logs --tail=-1 -l job-name=load | ktcp merge - --fail-if 'p99>20ms'",
        "the results of a Kubernetes job, judged",
      ],
    ],
  })
    .action(run);
}

async function run(files: string[], options: MergeOptions): Promise<void> {
  checkFiles(files);
  const { result, histograms, leftOut } = await merge(files);
  checkRuns(result.merged, options.runs);
  if (leftOut.length > 0) {
    printNote(
      `ktcp merge: left out, because ktcp ${VERSION} cannot add it: ${leftOut.join(", ")}`,
    );
  }
  const { commonSeconds, seconds } = result;
  if (commonSeconds < LEAST_COMMON * seconds) {
    printNote(
      `ktcp merge: all runs measured at once for only ${commonSeconds.toFixed(2)} of ` +
        `${seconds.toFixed(2)} s, so the rates are lower than the server's during that time; ` +
        "start runs together with --start-at",
    );
  }
  if (options.json) printJson(result);
  else printResult(textOf(result, histograms));
  Deno.exitCode = isFailed("merge", options.failIf, result) ? 1 : 0;
}

/** @throws {UsageError} when a file is named twice: its runs would count twice */
function checkFiles(files: readonly string[]): void {
  const seen = new Set<string>();
  for (const file of files) {
    const path = file === STDIN ? file : resolve(file);
    if (seen.has(path)) throw new UsageError(`'${file}' is named twice; name each file once`);
    seen.add(path);
  }
}

/** @throws {Failure} when there are not as many runs as were started */
function checkRuns(merged: number, runs: number | undefined): void {
  if (runs === undefined || runs === merged) return;
  throw new Failure(
    `Cannot merge ${merged} run${merged === 1 ? "" : "s"} as --runs ${runs}: ` +
      (merged < runs
        ? "some printed no document; see their stderr"
        : "name only files of this load"),
  );
}

/** @throws {Failure} when a file cannot be read or merged */
async function merge(files: readonly string[]): Promise<Merged> {
  try {
    const sources = await Promise.all(files.map(readSources));
    return mergeResults(VERSION, sources.flat());
  } catch (error) {
    if (error instanceof MergeError || error instanceof SyntaxError) {
      throw new Failure(error.message);
    }
    throw error;
  }
}

async function readSources(file: string): Promise<Source[]> {
  const name = file === STDIN ? "stdin" : `'${file}'`;
  let text: string;
  try {
    text = file === STDIN
      ? await new Response(Deno.stdin.readable).text()
      : await Deno.readTextFile(file);
  } catch (error) {
    throw new Failure(
      `Cannot read ${name}: ${messageOf(error)}; name files that 'ktcp bench --json' or ` +
        "'ktcp htstress --json' saved",
    );
  }
  return readDocuments(text, name);
}

/** The summary that the command itself prints, and facts about the runs. */
function textOf(result: Merged["result"], histograms: Merged["histograms"]): string {
  const runs = mergedText(result);
  const width = outputWidth();
  if (result.command === "htstress") {
    return `${htstressText(result, width)}\n\nmerged:        ${runs}`;
  }
  const histogram = histogramText(histograms.echoUs, width);
  return `${benchText(result, width)}\n\n${histogram}\n\nmerged: ${runs}`;
}
