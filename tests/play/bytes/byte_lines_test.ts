/** Bytes as lines of tokens. */
import assert from "node:assert/strict";
import { blockZones, byteLines, type ByteMarks } from "../../../play/page/bytes/byte_lines.ts";

/** Each line as text: controls in angle brackets, marks in braces, zones behind a colon. */
function shown(text: string, marks?: ByteMarks): string[] {
  return byteLines(new TextEncoder().encode(text), marks).map((line) =>
    line.map((token) => {
      if (token.kind === "mark") return `{${token.name}}`;
      const zone = token.zone === "" ? "" : `:${token.zone}`;
      return token.kind === "control" ? `<${token.text}${zone}>` : `[${token.text}${zone}]`;
    }).join("")
  );
}

Deno.test("byteLines() breaks behind each LF, and names what cannot be printed", () => {
  assert.deepEqual(shown("a b\r\n\\\tc\n"), ["[a b]<\\r><\\n>", "[\\]<\\t>[c]<\\n>"]);
  assert.deepEqual(shown(""), [""]);
});

Deno.test("byteLines() parts text at zones", () => {
  const zones = blockZones({ consumed: 2, scanned: 4, length: 5 });
  assert.deepEqual(shown("abcde", { zones }), ["[ab:is-consumed][cd:is-scanned][e:is-new]"]);
});

Deno.test("byteLines() puts marks between bytes, behind the LF that they follow", () => {
  const marks = [0, 2, 3, 4].map((at) => ({ at, name: `${at}` }));
  assert.deepEqual(shown("a\r\nb", { marks }), ["{0}[a]<\\r>{2}<\\n>{3}", "[b]{4}"]);
  assert.deepEqual(shown("ab", { marks: [{ at: 1, name: "cut" }] }), ["[a]{cut}[b]"]);
});

Deno.test("blockZones() leaves out what is empty", () => {
  assert.deepEqual(blockZones({ consumed: 3, scanned: 3, length: 3 }), [
    { from: 0, to: 3, name: "is-consumed" },
  ]);
});
