/**
 * Bundles ktcp: all modules and npm packages that it reaches, as JavaScript files which need no
 * configuration, no network and no cache.
 *
 * ```
 * ktcp.js            entry: what the build knows, then cli/main.js
 * cli/main.js        the command line
 * <worker>.js        one per Worker entry, in the folder it has in the source
 * core/core.wasm     the Wasm core
 * <name>-<hash>.js   what they share, and what is loaded only when a command needs it
 * ```
 */
import { basename, dirname, join, relative } from "node:path";
import { ROOT } from "./paths.ts";
import { denoFolders, runDeno } from "./run_deno.ts";
import { findWorkers, WORKER_URL } from "./workers.ts";

/** A bundle on disk. Paths are relative to `folder`. */
export interface Bundle {
  folder: string;
  entry: string;
  workers: string[];
  wasm: string;
  /** All files, those above included, sorted. */
  files: string[];
}

const MAIN = "cli/main.ts";
const WASM = "core/core.wasm";
const ENTRY = "ktcp.js";

/** What `deno bundle` leaves of an import of the core, which it is told not to inline. */
const WASM_IMPORT = /"[^"\n]*\bcore\.wasm"(?= with )/g;

function toJs(path: string): string {
  return path.replace(/\.ts$/, ".js");
}

/** `to` as a module in `from` has to name it. */
function specifier(from: string, to: string): string {
  const path = relative(dirname(from), to);
  return path.startsWith(".") ? path : `./${path}`;
}

function filesBelow(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(join(folder, prefix))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(folder, join(prefix, name)) : [join(prefix, name)]
  ).sort();
}

interface Rewriting {
  workers: string[];
  npmCache: string;
  /** Receives the Worker entries that the text refers to. */
  referred: Set<string>;
}

/**
 * Puts right in the output file `file` what a bundler does not know: Workers and the core are files
 * of their own, and where the builder's npm cache lies is nobody's business.
 */
function rewrite(file: string, text: string, { workers, npmCache, referred }: Rewriting): string {
  return text
    .replace(WORKER_URL, (whole, _quote, path) => {
      const worker = workers.find((entry) => basename(entry) === basename(path));
      if (!worker) return whole;
      referred.add(worker);
      return `new URL(${JSON.stringify(specifier(file, toJs(worker)))}, import.meta.url)`;
    })
    .replace(WASM_IMPORT, JSON.stringify(specifier(file, WASM)))
    .replaceAll(npmPath(npmCache), "npm:$1@$2/");
}

/** Paths into the npm cache as the bundler writes them: `…/<registry>/<name>/<version>/`. */
function npmPath(npmCache: string): RegExp {
  const prefix = relative(ROOT, npmCache).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`${prefix}/[^/\\s"]+/((?:@[^/\\s"]+/)?[^/\\s"@]+)/([^/\\s"]+)/`, "g");
}

/** The deepest folder that holds all of `paths`: what `deno bundle` takes for the output's root. */
function commonFolder(paths: string[]): string {
  const [first, ...others] = paths.map((path) => dirname(path).split("/"));
  const depth = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (depth < 0 ? first : first.slice(0, depth)).join("/");
}

/** The two modules around the bundle: `cli/version.ts` reads what the first one states. */
function writeEntry(folder: string, commit: string): void {
  Deno.writeTextFileSync(
    join(folder, "build.js"),
    `globalThis.ktcpBuild = ${JSON.stringify({ commit })};\n`,
  );
  Deno.writeTextFileSync(
    join(folder, ENTRY),
    `import "./build.js";
import { main } from "./${toJs(MAIN)}";
Deno.exit(await main(Deno.args));
`,
  );
}

/**
 * Bundles the source into `folder`, in place of what is there.
 *
 * @param commit what `--version` shows as the commit
 * @throws if `deno bundle` fails or loses a Worker entry
 */
export async function bundle(folder: string, commit: string): Promise<Bundle> {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.removeSync(folder, { recursive: true });
  const sources = findWorkers();
  const { success, output } = await runDeno(
    "bundle",
    "--quiet",
    "--code-splitting",
    "--external=*core.wasm",
    `--outdir=${join(folder, commonFolder([MAIN, ...sources]))}`,
    MAIN,
    ...sources,
  );
  if (!success) throw new Error(`Cannot bundle ${MAIN}: deno bundle says\n${output}`);
  const { npmCache } = await denoFolders();
  const referred = new Set<string>();
  for (const file of filesBelow(folder)) {
    const text = Deno.readTextFileSync(join(folder, file));
    const rewritten = rewrite(file, text, { workers: sources, npmCache, referred });
    if (rewritten !== text) Deno.writeTextFileSync(join(folder, file), rewritten);
  }
  const lost = sources.filter((worker) => !referred.has(worker));
  if (lost.length > 0) throw new Error(`The bundle starts no Worker from ${lost.join(", ")}`);
  Deno.mkdirSync(join(folder, dirname(WASM)), { recursive: true });
  Deno.copyFileSync(join(ROOT, WASM), join(folder, WASM));
  writeEntry(folder, commit);
  const workers = sources.map(toJs);
  return { folder, entry: ENTRY, workers, wasm: WASM, files: filesBelow(folder) };
}
