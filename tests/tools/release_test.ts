import assert from "node:assert/strict";
import { findStub } from "../../tools/executable/stub.ts";
import { licencesText, partsOf } from "../../tools/executable/licences.ts";

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

Deno.test("licencesText() holds Deno's licence and that of each package", async () => {
  const text = await licencesText(["commander@15.1.0"]);
  assert.match(text, /^deno 2\S+ \(MIT\)$/m);
  assert.match(text, /the Deno authors/);
  assert.match(text, /^commander@15\.1\.0 \(MIT\)$/m);
  assert.match(text, /TJ Holowaychuk/);
  await assert.rejects(
    licencesText(["no-such-package@1.0.0"]),
    /Cannot find no-such-package@1\.0\.0/,
  );
});
