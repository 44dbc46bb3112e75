/** `--compare A.json B.json` of `bench` and `htstress`: two saved runs side by side. */
import { compareResults, compareText } from "../../bench/report/compare.ts";
import { parseResult, type Result } from "../../bench/result.ts";
import { Failure, messageOf, UsageError } from "./failure.ts";
import { printJson, printResult } from "./output.ts";
import { VERSION } from "./version.ts";

/**
 * Prints the figures of both runs and how each changed.
 *
 * @throws {UsageError} when `paths` are not two
 * @throws {Failure} when a file cannot be read, or they are runs of different commands
 */
export function compareRuns(paths: string[], asJson: boolean): void {
  if (paths.length !== 2) {
    throw new UsageError(
      `--compare '${paths.join(" ")}' names ${paths.length}; write two files saved with --json`,
    );
  }
  const [before, after] = paths.map(readResult);
  try {
    if (!asJson) return void printResult(compareText(before, after, [paths[0], paths[1]]));
    const figures = compareResults(before, after);
    printJson({ command: before.command, version: VERSION, compared: paths, figures });
  } catch (error) {
    if (error instanceof TypeError) throw new Failure(error.message);
    throw error;
  }
}

function readResult(path: string): Result {
  try {
    return parseResult(Deno.readTextFileSync(path), path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new Failure(error.message);
    throw new Failure(`Cannot read --compare '${path}': ${messageOf(error)}`);
  }
}
