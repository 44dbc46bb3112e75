import assert from "node:assert/strict";
import { RUN_FLAGS, SEALED_FLAGS } from "../../../cli/shared/deno_flags.ts";
import { containerfile } from "../../../tools/release/containerfile.ts";

Deno.test("containerfile() starts Deno as the launcher does, and names the package", () => {
  const info = { version: "9.8.7", commit: "", date: new Date(), description: "D", license: "MIT" };
  const text = containerfile(info, "ktcp.js");
  assert.doesNotMatch(text, /@/);
  assert.match(text, /^COPY ktcp_9\.8\.7-1_\$\{TARGETARCH\}\.deb /m);
  assert.deepEqual(JSON.parse(/^ENTRYPOINT (.+)$/m.exec(text)![1]), [
    ...["/usr/lib/ktcp/deno", "run", ...RUN_FLAGS, ...SEALED_FLAGS],
    "/usr/lib/ktcp/app/ktcp.js",
  ]);
});
