/**
 * Bundles ktcp: all modules and npm packages that it reaches, as JavaScript files which need no
 * configuration, no network and no cache. All of them are in one folder, so that a relative URL
 * means the same in each:
 *
 * ```
 * ktcp.js            entry: states what the build knows, then runs cli/main.ts
 * <name>-<hash>.js   what is loaded only when a command needs it, and what such files share
 * <some_worker>.js   one for each Worker entry, with all that it imports: a file more takes 0.1 ms of
 *                    the start of each Worker
 * ```
 *
 * The Wasm core and other data are in the text of the chunks that import them. A Worker may read no
 * file beside its modules, and Deno asks for that where the bundle is in an npm package.
 *
 * One commit gives the same bytes, wherever the repository is.
 */
import { basename, join, relative } from "node:path";
import type { Build } from "../../cli/shared/version.ts";
import { MIME_PACKAGES } from "../shared/mime_types.ts";
import { LLHTTP_PACKAGE } from "../shared/llhttp.ts";
import { denoFolders, ROOT, runDeno } from "../shared/repository.ts";
import { nameChunks } from "./chunk_names.ts";
import { deferNode, hideImports } from "./defer.ts";
import { partsOf } from "./licences.ts";
import { findWorkers, WORKER_URL } from "./workers.ts";

/** A bundle on disk. Paths are relative to `folder`. */
export interface Bundle {
  folder: string;
  entry: string;
  workers: string[];
  /** All files, those above included, sorted. */
  files: string[];
  /** The npm packages inside, `name@version`, sorted. */
  packages: string[];
}

const ENTRY = "ktcp.js";

/** Stands in the entry for what only the bundle shows: the packages inside. */
const PARTS_HOLDER = "@PARTS@";

/** The bundler's file for the module `path`. */
function outputOf(path: string): string {
  return basename(path).replace(/\.ts$/, ".js");
}

/** The module that starts ktcp. */
function entryModule(toRoot: string, known: Omit<Build, "parts">): string {
  return `import { runProcess } from "${toRoot}/cli/main.ts";
globalThis.ktcpBuild = ${JSON.stringify({ ...known, parts: PARTS_HOLDER })};
await runProcess();
`;
}

/**
 * Bundles the source into `folder`. All entries are written into `entries` first: those of one folder
 * make a bundle in one folder.
 */
async function runBundler(
  folder: string,
  { entries, workers, known }: {
    entries: string;
    workers: string[];
    known: Omit<Build, "parts">;
  },
): Promise<void> {
  const toRoot = relative(entries, ROOT);
  const write = (name: string, text: string) => {
    Deno.writeTextFileSync(join(entries, name), text);
    return join(entries, name);
  };
  const run = async (...args: string[]) => {
    const { success, output } = await runDeno("bundle", "--quiet", `--outdir=${folder}`, ...args);
    if (!success) throw new Error(`Cannot bundle cli/main.ts: deno bundle says\n${output}`);
  };
  try {
    Deno.mkdirSync(entries, { recursive: true });
    await run("--code-splitting", write("ktcp.ts", entryModule(toRoot, known)));
    await run(
      ...workers.map((path) => write(basename(path), `import "${toRoot}/${path}";\n`)),
    );
  } finally {
    Deno.removeSync(entries, { recursive: true });
  }
}

/** Paths into the npm cache as the bundler writes them: `…/<registry>/<name>/<version>/`. */
function npmPath(npmCache: string): RegExp {
  const prefix = relative(ROOT, npmCache).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`${prefix}/[^/\\s"]+/((?:@[^/\\s"]+/)?[^/\\s"@]+)/([^/\\s"]+)/`, "g");
}

/**
 * How the bundler lets CommonJS modules require Node's built-in ones. It loads `node:module` in
 * each thread before anything else, mostly in vain: 12 ms of a Worker's start.
 */
const CREATE_REQUIRE =
  /import \{ createRequire as (\w+) \} from "node:module";\nvar __require = \1\(import\.meta\.url\);/;

/** The same, loading what is required when it is. */
const LAZY_REQUIRE = "var __require = (name) => process.getBuiltinModule(name);";

/** How the bundler decodes data: a byte at a time, while every Worker starts with the Wasm core. */
const TO_BINARY = /var __toBinary = \/\* @__PURE__ \*\/ \(\(\) => \{\n[\s\S]+?\n\}\)\(\);\n/;

/** The same by the engine. */
const FROM_BASE64 = "var __toBinary = (base64) => Uint8Array.fromBase64(base64);\n";

interface Rewriting {
  /** The folder of the entries, as the bundler writes it. */
  entries: string;
  npm: RegExp;
  /** Receives what was met. */
  found: { workers: Set<string>; packages: Set<string> };
}

/** Puts right what a bundler does not know. */
function rewrite(text: string, { entries, npm, found }: Rewriting): string {
  return text
    // A Worker entry, wherever the expression that names it has gone.
    .replace(WORKER_URL, (_whole, _quote, path) => {
      found.workers.add(outputOf(path));
      return `new URL("./${outputOf(path)}", import.meta.url)`;
    })
    .replace(CREATE_REQUIRE, LAZY_REQUIRE)
    .replace(TO_BINARY, FROM_BASE64)
    // The builder's folders are private, and differ between builds.
    .replaceAll(entries, "entries")
    .replace(npm, (_whole, name, version) => {
      found.packages.add(`${name}@${version}`);
      return `npm:${name}@${version}/`;
    });
}

/**
 * The npm packages inside the page of `ktcp play`. The page goes into the bundle as a text, and is
 * minified, so that the bundler's comments no longer name them.
 */
async function pagePackages(folder: string, npm: RegExp): Promise<string[]> {
  const output = `${folder}.page.js`;
  try {
    const { success, output: said } = await runDeno(
      "bundle",
      "--quiet",
      "--platform=browser",
      `--output=${output}`,
      join(ROOT, "play/page/main.tsx"),
    );
    if (!success) throw new Error(`Cannot bundle play/page/main.tsx: deno bundle says\n${said}`);
    const matches = Deno.readTextFileSync(output).matchAll(npm);
    // Taken out of its package before, it is a file of the page's own.
    return [...matches].map(([, name, version]) => `${name}@${version}`).concat(LLHTTP_PACKAGE);
  } finally {
    Deno.removeSync(output);
  }
}

/**
 * Bundles the source into `folder`, which must not exist.
 *
 * @param known what `--version` shows of the commit
 * @throws if `deno bundle` fails or loses a Worker entry
 */
export async function bundle(folder: string, known: Omit<Build, "parts">): Promise<Bundle> {
  const sources = findWorkers();
  const entries = `${folder}.entries`;
  await runBundler(folder, { entries, workers: sources, known });
  const { npmCache } = await denoFolders();
  const npm = npmPath(npmCache);
  const inPage = await pagePackages(folder, npm);
  const found = { workers: new Set<string>(), packages: new Set([...inPage, ...MIME_PACKAGES]) };
  const rewriting = { entries: relative(ROOT, entries), npm, found };
  const files = new Map([...Deno.readDirSync(folder)].map(({ name }) => {
    const path = join(folder, name);
    const text = deferNode(rewrite(Deno.readTextFileSync(path), rewriting));
    Deno.removeSync(path);
    return [name, text];
  }));
  const workers = sources.map(outputOf);
  for (const [name, text] of nameChunks(hideImports(files, workers))) {
    Deno.writeTextFileSync(join(folder, name), text);
  }
  const lost = workers.filter((worker) => !found.workers.has(worker));
  if (lost.length > 0) throw new Error(`The bundle starts no Worker from ${lost.join(", ")}`);
  const packages = [...found.packages].sort();
  await stateParts(join(folder, ENTRY), packages);
  return {
    folder,
    entry: ENTRY,
    workers,
    files: [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    packages,
  };
}

/** Writes into the entry at `path` what `packages` are. @throws when it has no place for them */
async function stateParts(path: string, packages: readonly string[]): Promise<void> {
  const text = Deno.readTextFileSync(path);
  const holder = JSON.stringify(PARTS_HOLDER);
  if (!text.includes(holder)) throw new Error(`${ENTRY} has no ${holder} to replace`);
  const parts = JSON.stringify(await partsOf(packages));
  Deno.writeTextFileSync(path, text.replace(holder, () => parts));
}
