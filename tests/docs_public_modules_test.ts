/** What deno.json exports is documented, as deno doc understands it. */
import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };

const ROOT = new URL("../", import.meta.url);

/** The program itself exports nothing for others. */
const MODULES = Object.entries(config.exports).filter(([name]) => name !== ".");

Deno.test("deno doc --lint finds nothing to mend in the public modules", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...MODULES.map(([, path]) => path)],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

for (const [name, path] of MODULES) {
  Deno.test(`@ktcp/ktcp${name.slice(1)} is ${path}`, async () => {
    const [byName, byPath] = await Promise.all([
      import(`@ktcp/ktcp${name.slice(1)}`),
      import(new URL(path, ROOT).href),
    ]);
    assert.equal(byName, byPath);
  });
}
