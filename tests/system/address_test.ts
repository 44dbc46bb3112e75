import assert from "node:assert/strict";
import { formatAddress } from "../../system/address.ts";

Deno.test("formatAddress()", () => {
  assert.equal(formatAddress({ hostname: "127.0.0.1", port: 7 }), "127.0.0.1:7");
  assert.equal(formatAddress({ hostname: "::1", port: 7 }), "[::1]:7");
  assert.equal(formatAddress({ path: "/tmp/x" }), "unix:/tmp/x");
});
