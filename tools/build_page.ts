/**
 * Bundles the page of the playground: `play/page/main.tsx` and the style sheets of `play/page/` into
 * `play/page/dist/`, where the host finds them beside `index.html`.
 *
 * Does nothing when they are newer than all of their sources. `--force` bundles anyway.
 */
import { join } from "node:path";
import { extractLlhttp } from "./shared/llhttp.ts";
import { newestMs } from "./shared/modified.ts";
import { ROOT, runDeno } from "./shared/repository.ts";

const PAGE = join(ROOT, "play/page");
const DIST = join(PAGE, "dist");

/** Files and folders whose changes require a new bundle. */
const SOURCES = ["play", "core", "deno.json", "deno.lock", "tools/build_page.ts"];

const OUTPUTS = ["index.html", "page.css", "page.js"];

function isUpToDate(): boolean {
  const newestSource = Math.max(
    ...SOURCES.map((name) => newestMs(join(ROOT, name), (path) => path !== DIST)),
  );
  return OUTPUTS.every((name) => newestMs(join(DIST, name)) > newestSource);
}

/** Paths of the style sheets below `folder`: those of a folder before those of its folders. */
function* styleSheets(folder: string): Generator<string> {
  const entries = [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isFile } of entries) {
    if (isFile && name.endsWith(".css")) yield join(folder, name);
  }
  for (const { name, isDirectory } of entries) {
    const path = join(folder, name);
    if (isDirectory && path !== DIST) yield* styleSheets(path);
  }
}

/** Writes all outputs; each appears at once as a whole, because others may be reading it. */
async function build(): Promise<void> {
  Deno.mkdirSync(DIST, { recursive: true });
  const partial = (name: string) => join(DIST, `${name}.${Deno.pid}`);
  const { success, output } = await runDeno(
    "bundle",
    "--quiet",
    "--platform=browser",
    "--minify",
    `--output=${partial("page.js")}`,
    join(PAGE, "main.tsx"),
  );
  if (!success) throw new Error(`Cannot bundle play/page/main.tsx: deno bundle says\n${output}`);
  const css = [...styleSheets(PAGE)].map((path) => Deno.readTextFileSync(path)).join("\n");
  Deno.writeTextFileSync(partial("page.css"), css);
  Deno.copyFileSync(join(PAGE, "index.html"), partial("index.html"));
  for (const name of OUTPUTS) Deno.renameSync(partial(name), join(DIST, name));
}

const isForced = Deno.args.includes("--force");
await extractLlhttp(isForced);
if (isForced || !isUpToDate()) {
  const startMs = performance.now();
  await build();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
  const bytes = OUTPUTS.map((name) => Deno.statSync(join(DIST, name)).size);
  const sum = bytes.reduce((a, b) => a + b);
  console.error(`play/page/dist: ${sum} bytes, built in ${seconds} s`);
}
