/** What the package for JSR has in it. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { bytesModule, jsrFiles, withoutBytesImports } from "../../../tools/release/jsr_package.ts";

const REWRITTEN = [
  {
    what: "a static import",
    text: `import wasm from "./core.wasm" with { type: "bytes" };`,
    expected: `import wasm from "./core.wasm.ts";`,
    bytes: [["core/core.wasm.ts", "./core.wasm"]],
  },
  {
    what: "a dynamic import of an npm package's file",
    text: `import("fonts/files/a.woff2", {\n  with: { type: "bytes" },\n})`,
    expected: `import("./a.woff2.ts")`,
    bytes: [["core/a.woff2.ts", "fonts/files/a.woff2"]],
  },
  {
    what: "an import of text, which JSR takes",
    text: `import page from "./page.md" with { type: "text" };`,
    expected: `import page from "./page.md" with { type: "text" };`,
    bytes: [],
  },
];

for (const { what, text, expected, bytes } of REWRITTEN) {
  Deno.test(`withoutBytesImports(): rewrites ${what}`, () => {
    const rewritten = withoutBytesImports("core/host.ts", text);
    assert.equal(rewritten.text, expected);
    assert.deepEqual([...rewritten.bytes], bytes);
  });
}

Deno.test("withoutBytesImports(): throws where it would miss an import", () => {
  const text = `export { default } from './a.wasm' with { type: "bytes" };`;
  assert.throws(
    () => withoutBytesImports("core/host.ts", text),
    /Cannot rewrite .* core\/host\.ts/,
  );
});

Deno.test("bytesModule(): gives the bytes back", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const module = bytesModule("all", bytes);
  const url = `data:application/typescript,${encodeURIComponent(module)}`;
  assert.deepEqual((await import(url)).default, bytes);
});

/** What a module imports by a relative path. */
const RELATIVE_IMPORT = /(?:\bfrom |\bimport |\bimport\(\s*|\bnew URL\()"(\.{1,2}\/[^"]+)"/g;

Deno.test("jsrFiles(): has every file that its modules name, and no import of bytes", async () => {
  const files = await jsrFiles();
  const { exports } = JSON.parse(files.get("deno.json")!);
  const entries: string[] = Object.values(exports);
  for (const path of entries) assert.ok(files.has(join(path)), path);
  let count = 0;
  for (const [path, text] of files) {
    if (!path.endsWith(".ts")) continue;
    assert.ok(!text.includes('type: "bytes"'), path);
    const code = text.replaceAll(/^\s*(?:\/\*[\s\S]*?\*\/|\/\/.*$)/gm, "");
    for (const [, specifier] of code.matchAll(RELATIVE_IMPORT)) {
      const target = join(dirname(path), specifier);
      assert.ok(files.has(target), `${path} names ${target}`);
      count++;
    }
  }
  assert.ok(count > 1000, `${count} imports were looked at`);
});
