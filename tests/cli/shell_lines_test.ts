import assert from "node:assert/strict";
import { shellLines } from "../../cli/shared/shell_lines.ts";

const CASES: [line: string, width: number, lines: string][] = [
  ["ktcp http .", 40, "  ktcp http ."],
  ["ktcp http . --port 8081", 20, "  ktcp http . \\\n    --port 8081"],
  ["echo 'a  b' \"c  d\" e\\ f", 16, "  echo \\\n    'a  b' \\\n    \"c  d\" \\\n    e\\ f"],
  ["a --b -c d", 9, "  a \\\n    --b \\\n    -c d"],
  ["too-long-to-be-broken", 10, "  too-long-to-be-broken"],
];

for (const [line, width, lines] of CASES) {
  Deno.test(`shellLines() breaks ${line} at ${width} columns`, () => {
    assert.equal(shellLines(line, { width, margin: "  " }), lines);
  });
}

Deno.test("shellLines(): a shell reads the lines as the one line", () => {
  const line = `printf '%s|' --aa 'b  "c' "d'  e" f\\ g -h i 'j > k' --long-option value`;
  const run = (script: string) =>
    new TextDecoder().decode(new Deno.Command("sh", { args: ["-c", script] }).outputSync().stdout);
  const expected = run(line);
  assert.match(expected, /^--aa\|b {2}"c\|/);
  for (let width = 10; width < 80; width += 7) {
    assert.equal(run(shellLines(line, { width, margin: "  " })), expected, `${width}`);
  }
});
