import assert from "node:assert/strict";
import { nameChunks } from "../../tools/executable/chunk_names.ts";

/** Chunks that import each other, as two builds in different folders name them. */
function built(a: string, b: string, c: string): Map<string, string> {
  return new Map([
    ["ktcp.js", `import "./chunk-${a}.js"; import("./lab-${c}.js");`],
    [`chunk-${a}.js`, `import "./chunk-${b}.js"; export {};`],
    [`chunk-${b}.js`, `import "./lab-${c}.js"; export {};`],
    [`lab-${c}.js`, `import './chunk-${a}.js'; const text = "chunk-NOTANAME.js";`],
  ]);
}

Deno.test("nameChunks() does not depend on the bundler's names", () => {
  const first = nameChunks(built("AAAAAAAA", "BBBBBBBB", "CCCCCCCC"));
  const second = nameChunks(built("ZZZZZZZ2", "YYYYYYY3", "CCCCCCCC"));
  assert.deepEqual([...first.keys()], [...second.keys()]);
  assert.equal(first.get("ktcp.js"), second.get("ktcp.js"));
  assert.ok([...first.keys()].every((name) => /^(ktcp|\w+-[0-9a-f]{8})\.js$/.test(name)));
});

Deno.test("nameChunks() renames each import, and nothing else", () => {
  const named = nameChunks(built("AAAAAAAA", "BBBBBBBB", "CCCCCCCC"));
  const [entry, a, b, c] = named.keys();
  assert.deepEqual([...named], [
    [entry, `import "./${a}"; import("./${c}");`],
    [a, `import "./${b}"; export {};`],
    [b, `import "./${c}"; export {};`],
    [c, `import './${a}'; const text = "chunk-NOTANAME.js";`],
  ]);
});

Deno.test("nameChunks() tells a changed chunk, and those that reach it, from the ones before", () => {
  const before = built("AAAAAAAA", "BBBBBBBB", "CCCCCCCC");
  const after = new Map(before).set("lab-CCCCCCCC.js", "export const changed = true;");
  assert.notEqual([...nameChunks(before).keys()][3], [...nameChunks(after).keys()][3]);
});

Deno.test("nameChunks() refuses two chunks that nothing distinguishes", () => {
  const twins = new Map(["A", "B"].map((x) => [`chunk-${x.repeat(8)}.js`, "export {};"]));
  assert.throws(() => nameChunks(twins), /Cannot name chunk-BBBBBBBB\.js: another chunk is/);
});
