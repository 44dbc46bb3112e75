/** The files that `ktcp htstress` writes when it is asked to. */
import { dirname } from "node:path";
import type { Chart } from "../../bench/report/charts.ts";
import { HTSTRESS_CSV_HEADER, requestCsv } from "../../bench/report/csv.ts";
import type { RequestSample } from "../../bench/result.ts";
import { Failure, messageOf, UsageError } from "../shared/failure.ts";
import { printNote } from "../shared/output.ts";

/**
 * Checks, before anything is measured, that a plot can be drawn to `path`.
 *
 * @throws {UsageError} when the name does not say what to draw
 * @throws {Failure} when the folder is missing
 */
export function checkPlot(path: string): void {
  if (!/\.(svg|png)$/.test(path)) {
    throw new UsageError(
      `--plot '${path}' is neither; write a file name that ends in .svg or .png`,
    );
  }
  try {
    if (Deno.statSync(dirname(path)).isDirectory) return;
  } catch {
    // Told below.
  }
  throw new Failure(`Cannot write --plot '${path}': there is no folder '${dirname(path)}'`);
}

/** Draws `charts` to `path`, and says so on stderr. */
export async function writePlot(path: string, charts: Chart[]): Promise<void> {
  const { renderSvg } = await import("../../bench/report/svg.ts");
  const svg = await renderSvg(charts);
  try {
    if (path.endsWith(".svg")) await Deno.writeTextFile(path, svg);
    else {
      const { renderPng } = await import("../../bench/report/png.ts");
      await Deno.writeFile(path, await renderPng(svg));
    }
  } catch (error) {
    throw new Failure(`Cannot write --plot '${path}': ${messageOf(error)}`);
  }
  printNote(`wrote ${path}`);
}

/** A CSV file that grows while the load runs. */
export class SampleFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** @throws {Failure} when it cannot be made */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw new Failure(`Cannot write --csv '${path}': ${messageOf(error)}`);
    }
    this.#write(HTSTRESS_CSV_HEADER + "\n");
  }

  /** Appends `samples`. */
  add(samples: RequestSample[]): void {
    this.#write(samples.map((sample) => requestCsv(sample) + "\n").join(""));
  }

  /** Ends the file, and says so on stderr. */
  close(): void {
    this.#file.close();
    printNote(`wrote ${this.#path}`);
  }

  #write(text: string): void {
    let bytes = new TextEncoder().encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
    } catch (error) {
      throw new Failure(`Cannot write --csv '${this.#path}': ${messageOf(error)}`);
    }
  }
}
