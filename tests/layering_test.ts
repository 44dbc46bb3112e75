/**
 * Enforces the architecture: which room may import which. A new arrow has to be added here, where
 * a reviewer sees it. A room is a top folder, or a folder inside one.
 */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);

/** Top folder → top folders it may import from, itself included. */
const ALLOWED: Record<string, readonly string[]> = {
  core: ["core"],
  system: ["system"],
  servers: ["servers", "core", "system"],
  bench: ["bench", "core", "system", "docs"],
  play: ["play", "core", "servers", "bench", "system"],
  cli: ["cli", "play", "servers", "bench", "system"],
  tools: ["tools", "cli", "play", "core", "servers", "bench", "system"],
};

/**
 * Top folder → its inner rooms → inner rooms of the same top folder they may import from. Files
 * that stand in the top folder itself are the room ".". Every room may import itself.
 */
const INNER: Record<string, Record<string, readonly string[]>> = {
  system: {
    ".": [],
    linux: ["."],
    sockets: [".", "linux"],
  },
  servers: {
    workqueue: [],
    net: [],
    echo: ["net"],
    http: ["net"],
    files: ["http", "net", "workqueue"],
    models: ["echo", "files", "http", "net", "workqueue"],
    originals: [],
    ".": ["echo", "files", "http", "models", "net", "workqueue"],
  },
  bench: {
    stats: [],
    load: ["."],
    processes: ["."],
    ".": ["stats", "load"],
    echo: [".", "stats", "load"],
    http: [".", "stats", "load"],
    report: [".", "stats"],
    merge: [".", "stats"],
    check: [".", "http", "report"],
    lab: [".", "echo", "http", "load", "processes", "report", "stats"],
  },
  play: {
    // What both sides know: the protocol, the limits.
    ".": [],
    host: [".", "page/dist"],
    page: ["."],
  },
};

interface Import {
  from: string;
  to: string;
}

function* sourceFiles(dir: URL): Generator<URL> {
  for (const entry of Deno.readDirSync(dir)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), dir);
    if (entry.isDirectory) yield* sourceFiles(url);
    else if (/\.tsx?$/.test(entry.name)) yield url;
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

function topOf(path: string): string {
  return path.split("/")[0];
}

/** The room inside its top folder that holds `path`. */
function roomOf(path: string): string {
  // What the build has made of the page: files to serve, no modules.
  if (path.startsWith("play/page/dist/")) return "page/dist";
  const parts = path.split("/");
  return parts.length > 2 ? parts[1] : ".";
}

const text = ({ from, to }: Import) => `${from} -> ${to}`;

Deno.test("layering: top folders import only along the allowed arrows", () => {
  const imports = allImports();
  assert.ok(imports.length > 10, "the scan found the imports");
  const wrong = imports.filter(({ from, to }) =>
    to.includes("/") && !ALLOWED[topOf(from)].includes(topOf(to))
  );
  assert.deepEqual(wrong.map(text), []);
});

for (const [top, rooms] of Object.entries(INNER)) {
  Deno.test(`layering: the rooms of ${top}/ import only along the allowed arrows`, () => {
    const inside = allImports().filter(({ from, to }) => topOf(from) === top && topOf(to) === top);
    const wrong = inside.filter(({ from, to }) =>
      roomOf(from) !== roomOf(to) && !rooms[roomOf(from)]?.includes(roomOf(to))
    );
    assert.deepEqual(wrong.map(text), []);
  });
}

/** @throws when following `graph` leads back to where one was */
function assertNoLoop(graph: ReadonlyMap<string, ReadonlySet<string>>): void {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string) => {
    if (done.has(node)) return;
    const start = path.indexOf(node);
    assert.equal(start, -1, `loop: ${[...path.slice(start), node].join(" -> ")}`);
    path.push(node);
    (graph.get(node) ?? new Set<string>()).forEach(visit);
    path.pop();
    done.add(node);
  };
  [...graph.keys()].forEach(visit);
}

function graphOf(imports: readonly Import[], nodeOf: (path: string) => string) {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    const [a, b] = [nodeOf(from), nodeOf(to)];
    if (a !== b) graph.set(a, (graph.get(a) ?? new Set()).add(b));
  }
  return graph;
}

Deno.test("layering: no import loops between files", () => {
  assertNoLoop(graphOf(allImports(), (path) => path));
});

Deno.test("layering: no import loops between rooms", () => {
  // The command table loads every command, and a command describes the others by it.
  const imports = allImports().filter(({ to }) =>
    to.includes("/") && to !== "cli/shared/command.ts"
  );
  assertNoLoop(graphOf(imports, (path) => `${topOf(path)}/${roomOf(path)}`));
});

Deno.test("layering: everything outside core reaches it through core/mod.ts", () => {
  const wrong = allImports().filter(({ from, to }) =>
    topOf(from) !== "core" && topOf(from) !== "tools" && topOf(to) === "core" &&
    to !== "core/mod.ts"
  );
  assert.deepEqual(wrong.map(text), []);
});
