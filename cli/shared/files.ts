/** Files that a client is asked to write: checked before it measures, written afterwards. */
import { dirname } from "node:path";
import type { Chart } from "../../bench/report/charts.ts";
import { Failure, messageOf, UsageError } from "./failure.ts";
import { printNote } from "./output.ts";

/** Checks that the file `path`, which `--option` names, has a folder. @throws {Failure} */
export function checkFolder(option: string, path: string): void {
  try {
    if (Deno.statSync(dirname(path)).isDirectory) return;
  } catch {
    // Told below.
  }
  throw new Failure(`Cannot write --${option} '${path}': there is no folder '${dirname(path)}'`);
}

/**
 * Checks that a plot can be drawn to `path`.
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
  checkFolder("plot", path);
}

/** Draws `charts` to `path`, and says so on stderr. @throws {Failure} */
export async function writePlot(path: string, charts: Chart[]): Promise<void> {
  const { renderSvg } = await import("../../bench/report/svg.ts");
  const svg = await renderSvg(charts);
  if (path.endsWith(".svg")) return await writeFile("plot", path, svg);
  const { renderPng } = await import("../../bench/report/png.ts");
  await writeFile("plot", path, await renderPng(svg));
}

/** Writes the file `path`, which `--option` names, and says so on stderr. @throws {Failure} */
export async function writeFile(
  option: string,
  path: string,
  content: string | Uint8Array<ArrayBuffer> | Iterable<string>,
): Promise<void> {
  try {
    if (content instanceof Uint8Array) await Deno.writeFile(path, content);
    else if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeTextFile(path, ReadableStream.from(content));
  } catch (error) {
    throw new Failure(`Cannot write --${option} '${path}': ${messageOf(error)}`);
  }
  printNote(`wrote ${path}`);
}
