import assert from "node:assert/strict";
import { resolve } from "node:path";
import { absolutePath } from "../../system/path.ts";

Deno.test("absolutePath() says what node:path resolves to", () => {
  const paths = [
    ...[
      "",
      ".",
      "..",
      "a",
      "a/",
      "a//b",
      "./a/../b",
      "../a",
      "../../../../../../../a",
      "a/..",
      "...",
    ],
    ...["/", "//", "/.", "/..", "/../a", "/a/", "/a/./b/../c//d/", "/a/../..", "/.a/..b"],
  ];
  for (const path of paths) assert.equal(absolutePath(path), resolve(path), path);
});
