/**
 * Finds the Worker entries: the modules that are reached by a URL and by no `import`, so that
 * neither `deno bundle` nor `deno compile` sees them by itself.
 *
 * The convention: `new URL("./some_worker.ts", import.meta.url)`, written out, names a Worker entry,
 * and no two entries share a file name. The bundle may move the expression to another file, and
 * the file name is how it is found there.
 */
import { basename, dirname, join, relative } from "node:path";
import { ROOT } from "../shared/repository.ts";

/** The folders whose modules go into the executable. */
const FOLDERS = ["core", "system", "servers", "bench", "play", "cli"];

/** `new URL("…/name.ts", import.meta.url)`, as people and as bundlers write it. */
export const WORKER_URL: RegExp =
  /new URL\(\s*(["'`])(\.{1,2}\/[^"'`]+\.ts)\1,\s*import\.meta\.url,?\s*\)/g;

/** Comments that stand on lines of their own. */
const COMMENTS = /^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm;

function* sourceFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) yield* sourceFiles(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/**
 * Returns the Worker entries below `root`, relative to it, sorted.
 *
 * @throws if an entry does not exist, or two share a file name
 */
export function findWorkers(root = ROOT): string[] {
  const entries = new Set<string>();
  for (const file of FOLDERS.flatMap((folder) => [...sourceFiles(join(root, folder))])) {
    const code = Deno.readTextFileSync(file).replace(COMMENTS, "");
    for (const [, , specifier] of code.matchAll(WORKER_URL)) {
      const entry = relative(root, join(dirname(file), specifier));
      if (!Deno.statSync(join(root, entry)).isFile) throw new Error(`${entry} is not a file`);
      entries.add(entry);
    }
  }
  const byName = Map.groupBy(entries, (entry) => basename(entry));
  for (const [name, [first, second]] of byName) {
    if (second) throw new Error(`Worker entries ${first} and ${second} must not both be ${name}`);
  }
  return [...entries].sort();
}
