import assert from "node:assert/strict";
import { Code } from "../../core/mod.ts";
import { soakParser } from "../../tools/soak/parser.ts";
import { Random } from "../../tools/soak/random.ts";
import { smallCore } from "../support/core_parser.ts";

Deno.test("the parser survives a million random bytes in random pieces", () => {
  const seed = crypto.getRandomValues(new Int32Array(1))[0];
  const soak = soakParser(smallCore(), 1_000_000, new Random(seed));
  assert.ok(soak.bytes >= 1_000_000 && soak.connections > 1000, `seed ${seed}`);
  // It gets deep enough to matter.
  assert.ok(soak.heads > 100 && soak.contentBytes > 1000, `seed ${seed}`);
  for (const code of [Code.ControlByte, Code.BadMethod, Code.BareLineFeed, Code.BadChunkSize]) {
    assert.ok(soak.codes.has(code), `code ${code} never came, seed ${seed}`);
  }
});
