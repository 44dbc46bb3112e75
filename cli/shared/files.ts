/** Files that a client is asked to write: checked before it measures, written afterwards. */
import { messageOf } from "../../system/message_of.ts";
import { dirname, resolve } from "node:path";
import type { Chart } from "../../bench/report/charts.ts";
import { Failure, UsageError } from "./failure.ts";
import { printNote } from "./output.ts";

/** Checks that the file `path`, which `--option` names, has a folder. @throws {Failure} */
export function checkFolder(option: string, path: string): void {
  try {
    if (Deno.statSync(dirname(path)).isDirectory) return;
  } catch {
    // Reported below.
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
      `--plot '${path}' is neither SVG nor PNG; write a file name that ends in .svg or .png`,
    );
  }
  checkFolder("plot", path);
}

/**
 * Checks that no two of `options`, paths by the name of their option, are the same file.
 *
 * @throws {UsageError} which names both
 */
export function checkDistinct(options: Record<string, string | undefined>): void {
  const seen = new Map<string, string>();
  for (const [option, path] of Object.entries(options)) {
    if (path === undefined) continue;
    const other = seen.get(resolve(path));
    if (other !== undefined) {
      throw new UsageError(`--${option} '${path}' is the file of --${other}; name another one`);
    }
    seen.set(resolve(path), option);
  }
}

/**
 * Draws `charts` of what was measured just now to `path`, and says so on stderr.
 *
 * @param subject what was measured, and how
 * @throws {Failure}
 */
export async function writePlot(path: string, charts: Chart[], subject: string): Promise<void> {
  await drawPlot(path, charts, `${subject} · ${minuteOf(new Date())}`);
}

/** Draws `charts` below `heading` to `path`, and says so on stderr. @throws {Failure} */
export async function drawPlot(path: string, charts: Chart[], heading: string): Promise<void> {
  const { renderSvg } = await import("../../bench/report/svg.ts");
  const svg = await renderSvg(charts, { heading });
  if (path.endsWith(".svg")) return await writeFile("plot", path, svg);
  const { renderPng } = await import("../../bench/report/png.ts");
  await writeFile("plot", path, await renderPng(svg));
}

/** `2026-01-31 12:05 UTC`. */
export function minuteOf(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace("T", " ")} UTC`;
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
