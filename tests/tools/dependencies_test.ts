import assert from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno.lock: names no package that only tests need, as all it names is fetched", () => {
  const lock = JSON.parse(Deno.readTextFileSync(new URL("deno.lock", ROOT)));
  const locked = Object.keys(lock.npm).map((name) => name.replace(/(?<=.)@.*$/, ""));
  const own = Object.keys(config.imports);
  const forTests = Object.keys(config.scopes["./tests/"]).map((name) => name.replace(/\/$/, ""));
  assert.ok(locked.includes("commander") && forTests.includes("puppeteer-core"));
  assert.deepEqual(forTests.filter((name) => locked.includes(name)), []);
  assert.deepEqual(forTests.filter((name) => own.includes(name)), []);
});

Deno.test("tools/build.ts: names the compiler in no import, as Deno would ask for it", () => {
  const text = Deno.readTextFileSync(new URL("tools/build.ts", ROOT));
  assert.doesNotMatch(text, /^import .*"assemblyscript/m);
  assert.doesNotMatch(text, /await import\("/);
});
