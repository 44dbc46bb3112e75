/**
 * What the documentation names exists: the files of this repository, and the targets of its links.
 * A file may be named by its path from the root or by its name alone.
 */
import assert from "node:assert/strict";

const ROOT = new URL("../", import.meta.url);
const PAGES = [
  ...["README.md", "ARCHITECTURE.md"],
  ...["docs/", "docs/labs/", "docs/zh-TW/", "docs/zh-TW/labs/"].flatMap(pagesIn),
];

/** A path from the root of the repository, written as code; patterns with `*` are not checked. */
const PATH = /`((?:bench|cli|core|docs|servers|system|tests|tools)\/[\w./-]*)`/g;

/** The name of a module, written as code. */
const NAME = /`([\w-]+\.ts)`/g;

const NAMES = new Set(namesIn(ROOT));

/** The target of a relative link, without its fragment. */
const LINK = /\]\((?![a-z]+:|#)([^)#]+)/g;

function pagesIn(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => folder + name)
    .filter((path) => path.endsWith(".md"));
}

/** Names of all files below `folder`. */
function* namesIn(folder: URL): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (!isDirectory) yield name;
    else if (!name.startsWith(".")) yield* namesIn(new URL(name + "/", folder));
  }
}

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url) !== undefined;
  } catch {
    return false;
  }
}

for (const page of PAGES) {
  Deno.test(`docs: ${page} names only what exists`, () => {
    const url = new URL(page, ROOT);
    const text = Deno.readTextFileSync(url);
    const missing = [
      ...[...text.matchAll(PATH)].filter(([, path]) => !exists(new URL(path, ROOT))),
      ...[...text.matchAll(NAME)].filter(([, name]) => !NAMES.has(name)),
      ...[...text.matchAll(LINK)].filter(([, target]) => !exists(new URL(target, url))),
    ];
    assert.deepEqual(missing.map(([, path]) => path), []);
  });
}
