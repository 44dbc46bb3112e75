/**
 * Makes the package for JSR: the modules that `deno.json` exports, with all that they reach. JSR
 * does not accept imports of bytes, so each such file becomes a module that holds it as base64.
 */
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { findWorkers } from "../executable/workers.ts";
import { DIST, ROOT, runDeno } from "../shared/repository.ts";

/** Files beside the modules. */
const TEXTS = ["CHANGELOG.md", "LICENSE", "NOTICE", "README.md"];

/** The ways in which a module imports bytes; the first group is the specifier. */
const BYTES_IMPORTS = [
  { pattern: /\bfrom "([^"]+)" with \{ type: "bytes" \}/g, write: (to: string) => `from "${to}"` },
  {
    pattern: /\bimport\("([^"]+)", \{\s*with: \{ type: "bytes" \},?\s*\}\)/g,
    write: (to: string) => `import("${to}")`,
  },
];

/** A module and what it needs beside it, as JSR takes them. */
export interface Rewritten {
  text: string;
  /** Specifiers of the bytes that it imports, by the paths of the modules that hold them. */
  bytes: Map<string, string>;
}

/**
 * Lets the module `text` at `path` import a module, `core.wasm.ts`, for each file of bytes.
 *
 * @throws if bytes are imported in a way that is not known here
 */
export function withoutBytesImports(path: string, text: string): Rewritten {
  const bytes = new Map<string, string>();
  for (const { pattern, write } of BYTES_IMPORTS) {
    text = text.replace(pattern, (_whole, specifier: string) => {
      const name = `${basename(specifier)}.ts`;
      bytes.set(join(dirname(path), name), specifier);
      return write(`./${name}`);
    });
  }
  if (text.includes('type: "bytes"')) throw new Error(`Cannot rewrite the imports in ${path}`);
  return { text, bytes };
}

/** The module that holds `bytes`, the file `name`. */
export function bytesModule(name: string, bytes: Uint8Array): string {
  return `/** The bytes of ${name}. */
const bytes: Uint8Array<ArrayBuffer> = Uint8Array.fromBase64(
  "${bytes.toBase64()}",
);
export default bytes;
`;
}

/** The deno.json of the package, whose files are `texts`. */
function packageConfig(texts: Iterable<string>): string {
  const { name, version, license, exports, compilerOptions } = config;
  const unstable = config.unstable.filter((feature) => feature !== "raw-imports");
  const all = [...texts];
  const imports = Object.fromEntries(
    Object.entries(config.imports).filter(([key]) => all.some((text) => text.includes(`"${key}`))),
  );
  const json = { name, version, license, exports, unstable, imports, compilerOptions };
  return JSON.stringify(json, null, 2) + "\n";
}

/** Paths, relative to the root, of all files that the exported modules and Workers reach. */
async function reachedFiles(): Promise<string[]> {
  const roots = [...Object.values(config.exports), ...findWorkers()];
  const entry = Deno.makeTempFileSync({ dir: DIST, prefix: "jsr-", suffix: ".ts" });
  try {
    const imports = roots.map((path) => `import ${JSON.stringify(`../${path}`)};\n`).join("");
    Deno.writeTextFileSync(entry, imports);
    const { success, output } = await runDeno("info", "--json", entry);
    if (!success) throw new Error(`Cannot list modules: deno info says\n${output}`);
    const { modules } = JSON.parse(output) as { modules: { specifier: string; error?: string }[] };
    const missing = modules.find(({ error }) => error !== undefined);
    if (missing) throw new Error(`Cannot list modules: ${missing.error}`);
    return modules.map(({ specifier }) => specifier)
      .filter((specifier) => specifier.startsWith("file:"))
      .map((specifier) => fileURLToPath(specifier))
      .filter((path) => path !== entry)
      .map((path) => relative(ROOT, path)).sort();
  } finally {
    Deno.removeSync(entry);
  }
}

/** Reads what the module `path` means by `specifier`: a file beside it or in an npm package. */
async function readBytes(path: string, specifier: string): Promise<Uint8Array> {
  const from = pathToFileURL(join(ROOT, path));
  const url = specifier.startsWith(".") ? new URL(specifier, from).href : specifier;
  return (await import(url, { with: { type: "bytes" } })).default;
}

/** Returns the files of the package by their paths in it. */
export async function jsrFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const path of await reachedFiles()) {
    // Bytes come with the modules that import them; deno.json is written anew.
    if (path.endsWith(".wasm") || path === "deno.json") continue;
    const source = Deno.readTextFileSync(join(ROOT, path));
    if (!path.endsWith(".ts")) {
      files.set(path, source);
      continue;
    }
    const { text, bytes } = withoutBytesImports(path, source);
    files.set(path, text);
    for (const [holder, specifier] of bytes) {
      files.set(holder, bytesModule(basename(specifier), await readBytes(path, specifier)));
    }
  }
  for (const name of TEXTS) files.set(name, Deno.readTextFileSync(join(ROOT, name)));
  files.set("deno.json", packageConfig(files.values()));
  return files;
}
