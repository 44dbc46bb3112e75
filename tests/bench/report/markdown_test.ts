/** Markdown on a terminal, and inside of a report. */
import assert from "node:assert/strict";
import { PAGE_NAMES, questionOf, readPage, sectionsOf } from "../../../bench/lab/pages.ts";
import { LABS } from "../../../bench/lab/labs.ts";
import { htmlMarkdown } from "../../../bench/report/html_markdown.ts";
import { languageOf, LANGUAGES } from "../../../bench/report/language.ts";
import { breakLines, columnsOf } from "../../../bench/report/styled_text.ts";
import { terminalMarkdown } from "../../../bench/report/terminal_markdown.ts";

const plain = (markdown: string, columns: number) =>
  terminalMarkdown(markdown, { columns, hasColour: false });

const CASES: [name: string, markdown: string, columns: number, expected: string][] = [
  ["wraps words", "aaa bbb ccc", 7, "aaa bbb\nccc"],
  ["cuts what is longer than a line", "a bbbbbbbbbb", 4, "a\nbbbb\nbbbb\nbb"],
  ["counts two columns for a Chinese character", "連線的佇列", 6, "連線的\n佇列"],
  ["begins no line with a closing mark", "連線的佇列。", 10, "連線的佇\n列。"],
  ["ends no line with an opening mark", "佇列（連線）", 6, "佇列\n（連\n線）"],
  ["keeps Latin words in Chinese whole", "用 epoll 等待", 8, "用 epoll\n等待"],
  ["keeps a mark with its code", "see `a b`, c", 20, "see `a b`, c"],
  ["underlines the first two levels", "# A b\n\n## C\n\n### D", 9, "A b\n===\n\nC\n-\n\nD"],
  ["indents what follows a bullet", "- aaa bbb\n- c", 7, "- aaa\n  bbb\n- c"],
  ["numbers from where a list starts", "3. a\n4. b", 9, "3. a\n4. b"],
  ["lets a link be its text", "[the text](a.md) and <b>", 30, "the text and"],
  ["leaves code as it is", "```\na  b\n```", 20, "  a  b"],
  ["breaks commands at spaces", "```sh\nktcp lab backlog\n```", 12, "  ktcp lab\n    backlog"],
  ["gives a drawing all columns", "```\n1234567890\n```", 10, "1234567890"],
  [
    "aligns a table by columns",
    "| a | b |\n| - | - |\n| 佇列 | x |\n| y | z |",
    20,
    "a     b\n----  -\n佇列  x\ny     z",
  ],
  [
    "makes the widest column of a table narrower",
    "| a | b |\n| - | - |\n| x | one two three four five |",
    20,
    "a  b\n-  -----------------\nx  one two three\n   four five",
  ],
  [
    "turns a table that does not fit into records",
    "| a | b |\n| - | - |\n| xxxxxxxxxxxx | yyyyyyyyyyyy |",
    17,
    "a: xxxxxxxxxxxx\n  b: yyyyyyyyyyyy",
  ],
];

for (const [name, markdown, columns, expected] of CASES) {
  Deno.test(`terminalMarkdown(): ${name}`, () => assert.equal(plain(markdown, columns), expected));
}

Deno.test("terminalMarkdown(): styles with colour, no escape sequence without", () => {
  const markdown = "# T\n\n**s** _e_ `c` [l](x)";
  const styled = terminalMarkdown(markdown, { columns: 40, hasColour: true });
  assert.equal(
    styled,
    "\x1b[1mT\x1b[22m\n=\n\n\x1b[1ms\x1b[22m \x1b[3me\x1b[23m \x1b[36mc\x1b[39m \x1b[4ml\x1b[24m",
  );
  assert.equal(plain(markdown, 40), "T\n=\n\ns e `c` l");
});

Deno.test("breakLines(): no text is lost, whatever the width", () => {
  const text = "用 `epoll_wait(2)` 等待（edge-triggered），直到 EAGAIN。abc";
  for (let columns = 2; columns < 60; columns++) {
    const lines = breakLines([{ text, style: "plain" }], columns);
    const whole = lines.map((line) => line.map((span) => span.text).join("")).join("");
    assert.equal(whole.replaceAll(" ", ""), text.replaceAll(" ", ""), `${columns} columns`);
  }
});

for (const language of LANGUAGES) {
  Deno.test(`pages (${language}): fit 80 and 40 columns`, async () => {
    for (const name of PAGE_NAMES) {
      const page = await readPage(name, language);
      for (const columns of [80, 40]) {
        for (const line of plain(page, columns).split("\n")) {
          assert.ok(columnsOf(line) <= columns, `${name}, ${columns}: ${line}`);
        }
      }
    }
  });

  Deno.test(`pages (${language}): each lab has one, with its question`, async () => {
    for (const { name } of LABS) {
      const page = await readPage(name, language);
      assert.match(page, new RegExp(`^# .*(?:: |：)${name}$`, "m"));
      assert.notEqual(questionOf(page), null, name);
    }
  });
}

Deno.test("readPage(): a name without a page is an error", async () => {
  await assert.rejects(readPage("nonsense", "en"), /no page about 'nonsense'/);
});

Deno.test("sectionsOf(): by headings of level 2, outside of code", () => {
  assert.deepEqual(sectionsOf("# T\nx\n## A\na\n```\n## no\n```\n## B\n"), [
    { heading: "A", markdown: "a\n```\n## no\n```\n" },
    { heading: "B", markdown: "\n" },
  ]);
});

Deno.test("htmlMarkdown(): levels, links, and no HTML of the source", () => {
  const html = htmlMarkdown("# A\n\n[in](b.md) [out](https://a.b/?c&d) [gone](../x.md) <b>&", {
    level: 3,
    labels: { table: "Table", code: "Code" },
    resolve: (target) => target === "b.md" ? "#b" : /^https/.test(target) ? target : null,
  });
  assert.equal(
    html,
    '<h3>A</h3>\n<p><a href="#b">in</a> <a href="https://a.b/?c&amp;d">out</a> gone &amp;</p>',
  );
});

const LOCALES: [Record<string, string>, string][] = [
  [{}, "en"],
  [{ LANG: "zh_TW.UTF-8" }, "zh-TW"],
  [{ LANG: "zh_TW" }, "zh-TW"],
  [{ LANG: "zh_CN.UTF-8" }, "en"],
  [{ LANG: "de_DE.UTF-8" }, "en"],
  [{ LANG: "zh_TW.UTF-8", LC_ALL: "C" }, "en"],
  [{ LANG: "C", LC_MESSAGES: "zh_TW.UTF-8" }, "zh-TW"],
  [{ LANG: "C", LC_ALL: "", LC_MESSAGES: "zh_TW.Big5" }, "zh-TW"],
];

for (const [variables, expected] of LOCALES) {
  Deno.test(`languageOf(): ${JSON.stringify(variables)} asks for ${expected}`, () => {
    assert.equal(languageOf((name) => variables[name]), expected);
  });
}
