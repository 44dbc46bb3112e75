import assert from "node:assert/strict";
import {
  columnBlocks,
  fittingTable,
  markdownTable,
  table,
  wrap,
} from "../../../bench/report/text_layout.ts";

const ROWS = [["name", "count"], ["a", "1"], ["bcdef", "1234567"]];

Deno.test("table(): the first column is aligned to the left, the others to the right", () => {
  assert.equal(table(ROWS), "name     count\na            1\nbcdef  1234567");
  assert.equal(table(ROWS, "rl"), " name  count\n    a  1\nbcdef  1234567");
});

Deno.test("markdownTable(): says how its columns are aligned", () => {
  const lines = markdownTable(ROWS).split("\n");
  assert.deepEqual(lines.slice(0, 2), ["| name  |   count |", "| ----- | ------: |"]);
});

Deno.test("wrap(): breaks at white space, and hangs what follows a bullet", () => {
  const options = { width: 30, margin: "  ", bullet: "- " };
  const lines = wrap("word\n   word ".repeat(20).trim(), options).split("\n");
  assert.ok(lines.length > 2 && lines.every((line) => line.length <= 30));
  assert.match(lines[0], /^ {2}- word word/);
  assert.match(lines[1], /^ {4}word word/);
  assert.equal(wrap("a".repeat(40), options), "  - " + "a".repeat(40));
  const broken = wrap(`see ${"a".repeat(60)} there`, { ...options, breaksWords: true });
  assert.equal(
    broken,
    ["  - see", ...[26, 26].map((n) => `    ${"a".repeat(n)}`), `    ${"a".repeat(8)} there`].join(
      "\n",
    ),
  );
});

Deno.test("fittingTable(): is turned around, and cut into several, where there is no room", () => {
  const rows = [["", "count", "p50", "p99"], ["a", "1,000", "20 µs", "30 µs"], [
    "b",
    "2",
    "3",
    "4",
  ]];
  assert.equal(fittingTable(rows, 80), table(rows));
  assert.equal(
    fittingTable(rows, 16),
    "           a  b\ncount  1,000  2\np50    20 µs  3\np99    30 µs  4",
  );
  assert.equal(
    fittingTable(rows, 14),
    "           a\ncount  1,000\np50    20 µs\np99    30 µs\n\n       b\ncount  2\np50    3\np99    4",
  );
});

Deno.test("columnBlocks(): cuts columns, repeats the first, and drops empty lines", () => {
  const rows = [["name", "first", "second"], ["a", "1", "2"], ["", "", "2–3"]];
  assert.equal(columnBlocks(rows, 80), table(rows));
  assert.equal(
    columnBlocks(rows, 12),
    "name  first\na         1\n\nname  second\na          2\n         2–3",
  );
  assert.equal(columnBlocks(rows, 1), columnBlocks(rows, 12), "a table has at least one column");
});
