import assert from "node:assert/strict";
import { bundle } from "../../tools/executable/bundle.ts";
import { findStub } from "../../tools/executable/stub.ts";
import { licensed, notice, partsOf } from "../../tools/executable/licences.ts";
import { releaseInfo } from "../../tools/release/release_info.ts";
import { DENO_VERSION } from "../../tools/release/targets.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("findStub() says which DENORT_BIN does not exist", async () => {
  assert.deepEqual(await findStub("/no/such/denort"), {
    found: false,
    reason: "DENORT_BIN names /no/such/denort, which does not exist",
  });
});

Deno.test("partsOf() names each package with its version and licence", async () => {
  assert.deepEqual(await partsOf(["commander@15.1.0", "bcryptjs@3.0.3"]), [
    { name: "commander", version: "15.1.0", licence: "MIT" },
    { name: "bcryptjs", version: "3.0.3", licence: "BSD-3-Clause" },
  ]);
});

Deno.test("notice() holds Deno's licence and that of each package", async () => {
  const text = notice(await licensed(["commander@15.1.0", "@resvg/resvg-wasm@2.6.2"], "1.2.3"));
  assert.match(text, /^deno 1\.2\.3 \(MIT\)$/m);
  assert.match(text, /the Deno authors/);
  assert.match(text, /^commander 15\.1\.0 \(MIT\)$/m);
  assert.match(text, /TJ Holowaychuk/);
  assert.match(text, /^Its text: .+MPL-2\.0/m, "a package without the text: where it is");
  await assert.rejects(
    licensed(["no-such-package@1.0.0"], "1.2.3"),
    /Cannot find no-such-package@1\.0\.0/,
  );
});

Deno.test("NOTICE states what the executable contains (if not: deno task notice)", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const { packages } = await bundle(`${folder}/app`, { commit: "", date: "" });
    const committed = Deno.readTextFileSync(new URL("NOTICE", ROOT));
    const inside = notice(await licensed(packages, DENO_VERSION));
    assert.ok(committed === inside, "NOTICE is out of date: run 'deno task notice'");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("DENO_VERSION is the version that CI and README use", () => {
  for (const file of [".ci/run", "README.md"]) {
    const versions = Deno.readTextFileSync(new URL(file, ROOT)).matchAll(/\bdeno@([\d.]+)/g);
    assert.deepEqual([...new Set([...versions].map(([, version]) => version))], [DENO_VERSION]);
  }
});

Deno.test("releaseInfo() takes its date from SOURCE_DATE_EPOCH", () => {
  const before = Deno.env.get("SOURCE_DATE_EPOCH");
  try {
    Deno.env.set("SOURCE_DATE_EPOCH", "1700000000");
    assert.equal(releaseInfo().date.toISOString(), "2023-11-14T22:13:20.000Z");
    for (const wrong of ["", "yesterday", "-1", "1.5"]) {
      Deno.env.set("SOURCE_DATE_EPOCH", wrong);
      assert.throws(() => releaseInfo(), new RegExp(`SOURCE_DATE_EPOCH is '${wrong}'`));
    }
  } finally {
    if (before === undefined) Deno.env.delete("SOURCE_DATE_EPOCH");
    else Deno.env.set("SOURCE_DATE_EPOCH", before);
  }
});
