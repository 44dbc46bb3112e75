import assert from "node:assert/strict";
import fc from "fast-check";
import { latin1Text } from "../../bench/check/latin1.ts";
import { LlhttpParser } from "./llhttp.ts";
import { mutatedArbitrary, pipelineArbitrary, requestArbitrary } from "./request_arbitrary.ts";

function parse(bytes: Uint8Array) {
  using parser = new LlhttpParser();
  const events = parser.execute(bytes);
  const messages = events.filter((event) => "method" in event);
  const error = events.find((event) => "error" in event)?.error;
  return { messages, error, incomplete: parser.incomplete };
}

Deno.test("pipelineArbitrary(): llhttp reads what was generated", () => {
  fc.assert(
    fc.property(pipelineArbitrary({ common: true }), ({ bytes, messages, requests }) => {
      const found = parse(bytes);
      assert.ok(
        found.error === undefined || found.error === "CLOSED_CONNECTION",
        String(found.error),
      );
      assert.equal(found.incomplete, false);
      assert.deepEqual(
        found.messages.map(({ method, target, minor, body, keepAlive }) => (
          { method, target, minor, body, last: !keepAlive }
        )),
        messages,
      );
      found.messages.forEach(({ fields }, i) => {
        const trimmed = fields.map(([name, value]) => [name, value.replace(/[ \t]+$/, "")]);
        assert.deepEqual(trimmed, requests[i].fields);
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("requestArbitrary(): reaches every framing, version and persistence", () => {
  const seen = new Set<string>();
  for (
    const { text, message, fields } of fc.sample(requestArbitrary(), { numRuns: 500, seed: 1 })
  ) {
    const names = fields.map(([name]) => name.toLowerCase());
    seen.add(`minor ${message.minor}`).add(message.last ? "closes" : "persists");
    for (const name of ["content-length", "transfer-encoding"]) {
      if (names.includes(name)) seen.add(name);
    }
    if (/[^\0-\x7f]/.test(text)) seen.add("8-bit bytes");
    if (!/^(GET|HEAD|POST|PUT|DELETE|PATCH) /.test(text)) seen.add("an unknown method");
  }
  assert.deepEqual([...seen].sort(), [
    "8-bit bytes",
    "an unknown method",
    "closes",
    "content-length",
    "minor 0",
    "minor 1",
    "minor 2",
    "minor 9",
    "persists",
    "transfer-encoding",
  ]);
});

Deno.test("mutatedArbitrary(): gives requests on both sides of the line", () => {
  const samples = fc.sample(mutatedArbitrary({ common: true }), { numRuns: 400, seed: 1 });
  const verdicts = { accepted: 0, rejected: 0, incomplete: 0 };
  for (const bytes of samples) {
    const { error, incomplete } = parse(bytes);
    verdicts[error !== undefined ? "rejected" : incomplete ? "incomplete" : "accepted"]++;
  }
  for (const [verdict, count] of Object.entries(verdicts)) {
    assert.ok(count > 20, `${verdict}: ${count} of ${samples.length}`);
  }
  assert.ok(new Set(samples.map(latin1Text)).size > 350, "they differ");
});
