/**
 * Puts off what a bundle would load at each start though most starts have no use for it. Both rest on
 * what the bundler writes, and on the runtime (Deno 2.9): before it runs a module, it reads and hashes
 * all that it can see to be imported from there, also on demand (17 ms for ktcp); and each of
 * Node's modules that is imported brings up to a hundred others (20 ms for those of commander).
 */

/** A static import of another file of the bundle; and one on demand. */
const STATIC = /\b(?:from|import) ?"\.\/([\w.-]+\.js)"/g;
const ON_DEMAND = /\bimport\((\s*"\.\/[\w.-]+\.js"\s*)\)/g;

/** The files that are loaded with `entries`. */
function loadedWith(entries: readonly string[], files: ReadonlyMap<string, string>): Set<string> {
  const loaded = new Set(entries);
  for (const name of loaded) {
    for (const [, imported] of files.get(name)!.matchAll(STATIC)) loaded.add(imported);
  }
  return loaded;
}

/**
 * Hides imports on demand, so that their modules are read when they are wanted. That takes the
 * permission to read, so what Workers load is left as it is; the main thread has given it up when
 * it serves.
 *
 * @param files the texts of the bundle by name
 */
export function hideImports(
  files: ReadonlyMap<string, string>,
  workers: readonly string[],
): Map<string, string> {
  const seen = loadedWith(workers, files);
  return new Map([...files].map(([name, text]) => [
    name,
    seen.has(name) ? text : text.replace(ON_DEMAND, "import(String($1))"),
  ]));
}

/** Packages that use functions of Node's modules, but not while they are loaded. */
const PATIENT = /^\/\/ npm:commander@/m;

const DEFAULT_IMPORT = /^import (\w+) from "(node:[\w/]+)";$/gm;
const NAMED_FUNCTION = /^import \{ ([a-z]\w*)(?: as (\w+))? \} from "(node:[\w/]+)";$/gm;

/** Loads Node's modules for {@linkcode PATIENT} packages when they are used. */
export function deferNode(text: string): string {
  if (!PATIENT.test(text)) return text;
  const module = (name: string) => `globalThis.process.getBuiltinModule("${name}")`;
  return text
    .replace(
      DEFAULT_IMPORT,
      (_whole, local, name) =>
        `var ${local} = new Proxy({}, { get: (_target, key) => ${module(name)}[key] });`,
    )
    .replace(
      NAMED_FUNCTION,
      (_whole, imported, local, name) =>
        `var ${local ?? imported} = (...args) => ${module(name)}.${imported}(...args);`,
    );
}
