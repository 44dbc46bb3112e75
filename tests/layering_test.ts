/**
 * Enforces the architecture: which folder may import which. A new arrow has to be added here, where
 * a reviewer sees it.
 */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);

/** Folder → folders it may import from, itself included. */
const ALLOWED: Record<string, readonly string[]> = {
  core: ["core"],
  servers: ["servers", "core"],
  bench: ["bench", "core"],
  cli: ["cli", "servers", "bench"],
  tools: ["tools", "cli", "core", "servers", "bench"],
};

interface Import {
  from: string;
  to: string;
}

function* sourceFiles(dir: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(dir)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), dir);
    if (entry.isDirectory) yield* sourceFiles(url);
    else if (entry.name.endsWith(".ts")) yield url;
  }
}

/** Relative imports (static, dynamic, re-exports and Worker entries) of one source text. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const patterns = [
    /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g,
    /new URL\(\s*"(\.{1,2}\/[^"]+\.ts)"/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1]));
}

function relative(url: URL): string {
  return url.href.slice(ROOT.href.length);
}

function allImports(): Import[] {
  const found: Import[] = [];
  for (const folder of Object.keys(ALLOWED)) {
    for (const file of sourceFiles(new URL(folder + "/", ROOT))) {
      for (const specifier of importsOf(Deno.readTextFileSync(file))) {
        found.push({ from: relative(file), to: relative(new URL(specifier, file)) });
      }
    }
  }
  return found;
}

Deno.test("layering: folders import only along the allowed arrows", () => {
  const imports = allImports();
  assert.ok(imports.length > 10, "the scan found the imports");
  const wrong = imports.filter(({ from, to }) => {
    const folder = from.split("/")[0];
    const isRootFile = !to.includes("/");
    return !isRootFile && !ALLOWED[folder].includes(to.split("/")[0]);
  });
  assert.deepEqual(wrong.map(({ from, to }) => `${from} -> ${to}`), []);
});

Deno.test("layering: no import cycles between files", () => {
  const graph = new Map<string, string[]>();
  for (const { from, to } of allImports()) graph.set(from, [...graph.get(from) ?? [], to]);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string) => {
    if (done.has(file)) return;
    const start = path.indexOf(file);
    assert.equal(start, -1, `cycle: ${[...path.slice(start), file].join(" -> ")}`);
    path.push(file);
    (graph.get(file) ?? []).forEach(visit);
    path.pop();
    done.add(file);
  };
  [...graph.keys()].forEach(visit);
});

Deno.test("layering: everything outside core reaches it through core/mod.ts", () => {
  const wrong = allImports().filter(({ from, to }) =>
    !from.startsWith("core/") && !from.startsWith("tools/") && to.startsWith("core/") &&
    to !== "core/mod.ts"
  );
  assert.deepEqual(wrong, []);
});
