/** Lines of text that arrives in pieces, and those of a process. */
import assert from "node:assert/strict";
import { LineSplitter } from "../../system/line_splitter.ts";
import { Process } from "../../system/process.ts";

const CASES: { title: string; pieces: string[]; lines: string[] }[] = [
  { title: "whole lines", pieces: ["a\nb\n"], lines: ["a", "b"] },
  { title: "a line in pieces", pieces: ["o", "n", "e\ntwo", "\n"], lines: ["one", "two"] },
  { title: "empty lines", pieces: ["\n", "\n\n"], lines: ["", "", ""] },
  { title: "the end is missing", pieces: ["a\nb"], lines: ["a"] },
  { title: "as long as may be", pieces: ["1234", "5678\n"], lines: ["12345678"] },
  { title: "too long", pieces: ["1234", "56789", "0\nb\n"], lines: ["b"] },
  { title: "too long in one piece", pieces: ["a\n123456789\nb\n"], lines: ["a", "b"] },
];

for (const { title, pieces, lines } of CASES) {
  Deno.test(`LineSplitter: ${title}`, () => {
    const found: string[] = [];
    const splitter = new LineSplitter((line) => found.push(line), 8);
    for (const piece of pieces) splitter.add(piece);
    assert.deepEqual(found, lines);
  });
}

Deno.test({
  name: "Process: tells lines however little of the output it keeps, and finds what it waits for",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const lines: string[] = [];
    // One write: what is waited for has left the kept text by its end.
    const script = "printf 'ready\\n%s\\nlast\\n' 0123456789012345678901234567890123456789";
    await using process = new Process(["sh", "-c", script], {
      keepChars: 16,
      onLine: (line) => lines.push(line),
    });
    const match = await process.untilOut(/^ready\n/m);
    assert.equal(match?.index, 0);
    const { out } = await process.ended;
    assert.deepEqual(lines, ["ready", "0123456789".repeat(4), "last"]);
    assert.equal(out.length, 16);
  },
});
