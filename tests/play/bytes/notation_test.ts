/** Bytes as text that can be typed. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { formatNotation, NotationError, parseNotation } from "../../../play/page/bytes/notation.ts";

const CASES: [text: string, bytes: string][] = [
  ["", ""],
  ["GET / HTTP/1.1\n\n", "GET / HTTP/1.1\r\n\r\n"],
  ["GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"],
  // Behind a written LF, a line break is layout.
  ["a\\r\\n\nb\\n\nc", "a\r\nb\nc"],
  ["a\\n\n\nb", "a\n\r\nb"],
  // Behind a written CR it is not.
  ["a\\r\nb", "a\r\r\nb"],
  ["\\t\\x00\\xff\\\\n", "\t\x00\xff\\n"],
  ["\\x0A\nb", "\nb"],
  ["é", "\xc3\xa9"],
];

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes);

for (const [text, bytes] of CASES) {
  Deno.test(`parseNotation() of ${JSON.stringify(text)}`, () => {
    assert.equal(latin1(parseNotation(text)), bytes);
  });
}

for (const [text, at] of [["\\q", 0], ["ab\\", 2], ["\\x1", 0], ["\\xg0", 0]] as const) {
  Deno.test(`parseNotation() refuses ${text}, and says where`, () => {
    assert.throws(() => parseNotation(text), (error) => {
      assert.ok(error instanceof NotationError);
      assert.equal(error.at, at);
      return true;
    });
  });
}

Deno.test("formatNotation() shows each byte, a line behind each LF", () => {
  const bytes = new Uint8Array([65, 9, 13, 10, 66, 92, 0, 255, 10, 10, 67]);
  assert.equal(formatNotation(bytes), "A\\t\\r\\n\nB\\\\\\x00\\xff\\n\n\\n\nC");
});

Deno.test("parseNotation() gives back what formatNotation() was given", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    assert.deepEqual(parseNotation(formatNotation(bytes)), Uint8Array.from(bytes));
  }));
});
