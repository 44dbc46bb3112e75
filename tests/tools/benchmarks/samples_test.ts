import assert from "node:assert/strict";
import { LeanLlhttp } from "../../../tools/benchmarks/core/llhttp.ts";
import { CopyingLlhttp, CoreParser } from "../../../tools/benchmarks/core/parsers.ts";
import { SAMPLES } from "../../../tools/benchmarks/core/samples.ts";
import { latin1Bytes, latin1Text } from "../../../bench/check/latin1.ts";

Deno.test("SAMPLES have the sizes and fields that the table speaks of", () => {
  const sizes = SAMPLES.map(({ bytes }) => bytes.length);
  assert.deepEqual(sizes.slice(0, 2), [35, 703]);
  assert.ok(Math.abs(sizes[2] - 2048) < 64, `${sizes[2]} bytes with cookies`);
  assert.equal(sizes[3], 16 * 35);
  for (const { bytes, fields, requests } of SAMPLES) {
    const heads = latin1Text(bytes).split("\r\n\r\n", requests);
    const lines = heads.flatMap((head) => head.split("\r\n").slice(1));
    assert.equal(lines.length, fields);
  }
});

Deno.test("the timed parsers find every request of every sample", () => {
  for (const sample of SAMPLES) {
    for (const parser of [new CoreParser(sample), new CopyingLlhttp(sample)]) {
      parser.run(3);
      assert.equal(parser.requests, 3 * sample.requests, sample.name);
      const before = parser.checksum;
      assert.notEqual(before, 0);
      parser.run(1);
      assert.notEqual(parser.checksum, before, "the checksum depends on each run");
    }
  }
});

const GET = "GET /a?b HTTP/1.1\r\nHost: h\r\nX-Y:  z \r\nE:\r\n\r\n";

Deno.test("LeanLlhttp: counts messages, and its checksum depends on the spans", () => {
  using lean = new LeanLlhttp();
  lean.execute(latin1Bytes(GET + GET));
  assert.equal(lean.messages, 2);
  const before = lean.checksum;
  lean.execute(latin1Bytes(GET));
  const one = lean.checksum - before;
  lean.execute(latin1Bytes(GET.replace("X-Y", "X-YY")));
  assert.notEqual(lean.checksum - before - one, one);
  assert.throws(() => lean.execute(latin1Bytes("\0")), /INVALID_METHOD/);
});
