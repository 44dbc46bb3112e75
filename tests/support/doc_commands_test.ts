/** Commands and their output as pages show them. */
import assert from "node:assert/strict";
import { docCommands, shownPattern } from "./doc_commands.ts";

Deno.test("docCommands: finds commands with their places, their output, and continued lines", () => {
  const page =
    "# Page\n\n```console\n$ ktcp a \\\n    --b\nout 1\n$ ktcp c\n```\n\n```sh\nktcp d |\n  cat\n```\n\n" +
    "- A list:\n\n  ```sh\n  for i in 1 2; do\n    ktcp e $i\n  done\n  ktcp f\n  ```\n";
  assert.deepEqual(docCommands("p.md", page), [
    { place: "p.md:4", block: 1, text: "ktcp a \\\n    --b", shown: ["out 1"] },
    { place: "p.md:7", block: 1, text: "ktcp c", shown: [] },
    { place: "p.md:11", block: 2, text: "ktcp d |\n  cat", shown: [] },
    { place: "p.md:18", block: 3, text: "for i in 1 2; do\n  ktcp e $i\ndone", shown: [] },
    { place: "p.md:21", block: 3, text: "ktcp f", shown: [] },
  ]);
});

const CASES: { shown: string[]; same: string; other: string }[] = [
  { shown: ["a 1,000 ms"], same: "a 2.5 µs\n", other: "b 1,000 ms\n" },
  { shown: ["count  3"], same: "count     99\n", other: "count three\n" },
  { shown: ["all [100%]"], same: "all [99.9%]\n", other: "all (100%)\n" },
  { shown: ["1.18 MiB/s in 2 s"], same: "379 KiB/s in 0.1 s\n", other: "379 apples in 0.1 s\n" },
  { shown: ["a", "…", "z"], same: "a\nb\nc\nz\n", other: "a\nb\n" },
  { shown: ["a…z"], same: "abcz\n", other: "abc\nz\n" },
  { shown: ["a"], same: "a\n", other: "a\nb\n" },
];

for (const { shown, same, other } of CASES) {
  Deno.test(`shownPattern: ${JSON.stringify(shown)}`, () => {
    assert.match(same, shownPattern(shown));
    assert.doesNotMatch(other, shownPattern(shown));
  });
}
