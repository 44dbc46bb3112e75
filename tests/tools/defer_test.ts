import assert from "node:assert/strict";
import { deferNode, hideImports } from "../../tools/executable/defer.ts";

Deno.test("hideImports() hides what is imported on demand, but not from Workers", () => {
  const files = new Map([
    ["ktcp.js", 'import "./shared.js";\nawait import("./lab.js");\n'],
    ["lab.js", 'import {\n  a\n} from "./shared.js";\nimport(\n  // why\n  "./chart.js"\n);\n'],
    ["shared.js", 'export const a = await import("./rest.js");\n'],
    ["some_worker.js", 'import "./shared.js";\nimport("./rest.js");\n'],
    ["rest.js", "const text = \"no import of './lab.js'\";\n"],
  ]);
  const hidden = hideImports(files, ["some_worker.js"]);
  assert.match(
    hidden.get("ktcp.js")!,
    /^import ".\/shared.js";\nawait import\(String\("\.\/lab\.js"\)\);$/m,
  );
  for (const name of ["shared.js", "some_worker.js", "rest.js"]) {
    assert.equal(hidden.get(name), files.get(name), name);
  }
});

Deno.test("deferNode() loads Node's modules for commander when they are used", () => {
  const text = [
    'import { EventEmitter } from "node:events";',
    'import path from "node:path";',
    'import { stripVTControlCharacters as strip2 } from "node:util";',
    "export { EventEmitter, path, strip2 };",
  ].join("\n");
  assert.equal(deferNode(text), text);
  const deferred = deferNode(`// npm:commander@15.1.0/lib/command.js\n${text}`);
  assert.deepEqual(deferred.match(/^import .*$/gm), [
    'import { EventEmitter } from "node:events";',
  ]);
  const body = deferred.replace(/^import .*$/gm, "").replace(
    /^export .*$/m,
    "return { path, strip2 };",
  );
  const { path, strip2 } = new Function(body)();
  assert.equal(path.basename("/a/b.c"), "b.c");
  assert.equal(strip2("\x1b[1mbold\x1b[0m"), "bold");
});
