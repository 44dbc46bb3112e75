/** What is loaded at each start of a server: each of Node's modules brings up to a hundred others. */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);

const STATIC = /^(?:import|export)\b(?! type\b)(?:[\w\s{},*]*\sfrom)? "([^"]+)"/gm;

/** The modules outside of ktcp that `entry` imports, directly or not; those on demand are not counted. */
function importedBy(entry: string): string[] {
  const outside = new Set<string>();
  const modules = new Set([new URL(entry, ROOT).href]);
  for (const module of modules) {
    if (!module.endsWith(".ts")) continue;
    for (const [, name] of Deno.readTextFileSync(new URL(module)).matchAll(STATIC)) {
      if (name.startsWith(".")) modules.add(new URL(name, module).href);
      else outside.add(name);
    }
  }
  return [...outside].sort();
}

Deno.test("start: a server loads no module of Node's but those of commander", () => {
  const CASES: [entry: string, expected: string[]][] = [
    ["cli/main.ts", ["commander"]],
    ["cli/echo.ts", ["commander"]],
    ["cli/http/http.ts", ["commander"]],
    ["servers/models/per_core/per_core_worker.ts", []],
    ["servers/models/per_core/per_core_files_worker.ts", ["escape-html", "negotiator"]],
    ["servers/models/shared_pool/shared_pool_worker.ts", []],
    ["servers/models/per_connection/per_connection_worker.ts", []],
  ];
  for (const [entry, expected] of CASES) assert.deepEqual(importedBy(entry), expected, entry);
});
