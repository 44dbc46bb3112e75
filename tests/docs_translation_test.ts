/**
 * The pages in Traditional Chinese say the same as the English ones: each page has its counterpart,
 * with the same headings, blocks, commands, code and links. Comments in code may be translated.
 */
import assert from "node:assert/strict";
import { lexer, type Token, type Tokens } from "marked";

const ROOT = new URL("../", import.meta.url);

/** English pages that are translated, and where the translation is. */
const PAGES: [original: string, translation: string][] = [
  ["docs/README.md", "docs/zh-TW/README.md"],
  ["docs/course.md", "docs/zh-TW/course.md"],
  ...namesIn("docs/labs/").map((name): [string, string] => [
    `docs/labs/${name}`,
    `docs/zh-TW/labs/${name}`,
  ]),
];

/** Words of other regions for what these pages are about, and simplified characters. */
const MAINLAND = [
  ...[
    "线",
    "进",
    "连",
    "队",
    "缓",
    "据",
    "务",
    "网",
    "请",
    "应",
    "际",
    "标",
    "识",
    "时",
    "间",
    "运",
  ],
  "內核",
  "進程",
  "線程",
  "套接字",
  "內存",
  "隊列",
  "數據",
  "網絡",
  "服務器",
  "客戶端",
  "默認",
  "信息",
  "字節",
  "調用",
  "緩存",
  "接口",
  "優化",
  "代碼",
  "函數",
  "變量",
  "指針",
  "內嵌",
  "異步",
  "並發",
  "吞吐率",
  "質量",
  "用戶空間",
  "用戶態",
  "文件描述符",
  "端口",
  "比特",
  "軟件",
  "硬件",
  "程序",
];

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => name)
    .filter((name) => name.endsWith(".md")).sort();
}

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

/** Every token of a page, from the outside to the inside. */
function* tokensOf(tokens: readonly Token[]): Generator<Token> {
  for (const token of tokens) {
    yield token;
    const { tokens: inner, items, header, rows } = token as {
      tokens?: Token[];
      items?: Token[];
      header?: { tokens: Token[] }[];
      rows?: { tokens: Token[] }[][];
    };
    if (inner) yield* tokensOf(inner);
    if (items) yield* tokensOf(items);
    for (const cell of [...header ?? [], ...(rows ?? []).flat()]) yield* tokensOf(cell.tokens);
  }
}

/** The blocks of a page, each with its size: what a translation must not change. */
function outline(text: string): string[] {
  return lexer(text).filter(({ type }) => type !== "space").map((token) => {
    if (token.type === "heading") return `heading ${(token as Tokens.Heading).depth}`;
    if (token.type === "list") {
      const { ordered, items } = token as Tokens.List;
      return `list, ${ordered ? "ordered" : "unordered"}, ${items.length} items`;
    }
    if (token.type === "table") {
      const { header, rows } = token as Tokens.Table;
      return `table, ${header.length} columns, ${rows.length} rows`;
    }
    if (token.type === "code") {
      // Spaces before a comment are its alignment.
      return `code\n${(token as Tokens.Code).text.replaceAll(/ *#(?=[ ]).*$/gm, "")}`;
    }
    return token.type;
  });
}

/** What stands as code within the text of each section, sorted. */
function codeSpans(text: string): string[][] {
  return text.split(/^## /m).map((section) =>
    [...tokensOf(lexer(section))].filter(({ type }) => type === "codespan")
      .map((token) => (token as Tokens.Codespan).text).sort()
  );
}

/** Where the links of a page lead, as paths from the root; anchors are translated with headings. */
function links(path: string, text: string): string[] {
  return [...tokensOf(lexer(text))].filter(({ type }) => type === "link")
    .map((token) => (token as Tokens.Link).href)
    .map((href) =>
      /^https?:/.test(href)
        ? href
        : new URL(href.replace(/#.*/, ""), new URL(path, "file:///")).pathname.replace(
          "/zh-TW/",
          "/",
        )
    ).sort();
}

Deno.test("docs/zh-TW: has a counterpart of each lab's page, and no other", () => {
  assert.deepEqual(namesIn("docs/zh-TW/labs/"), namesIn("docs/labs/"));
});

for (const [original, translation] of PAGES) {
  Deno.test(`${translation} keeps step with ${original}`, () => {
    const [english, chinese] = [read(original), read(translation)];
    assert.deepEqual(outline(chinese), outline(english));
    assert.deepEqual(codeSpans(chinese), codeSpans(english));
    assert.deepEqual(links(translation, chinese), links(original, english));
  });

  Deno.test(`${translation}: emphasis is emphasis, also beside Chinese characters`, () => {
    // An underscore between letters, and those are letters, is an underscore.
    const texts = [...tokensOf(lexer(read(translation)))].filter((token) =>
      token.type === "text" && !("tokens" in token && token.tokens)
    );
    const marked = texts.map(({ raw }) => raw).filter((raw) =>
      /\*|_(?=\p{Script=Han})|(?<=\p{Script=Han})_/u.test(raw)
    );
    assert.deepEqual(marked, []);
  });

  Deno.test(`${translation} uses the words of Taiwan`, () => {
    const found = MAINLAND.filter((word) => read(translation).includes(word));
    assert.deepEqual(found, []);
  });
}
