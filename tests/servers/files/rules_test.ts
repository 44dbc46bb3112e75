/** Rules by path: `--redirect`, `--header` and `--cache-control` with a glob, `--security-headers`. */
import assert from "node:assert/strict";
import { globPattern } from "../../../servers/files/glob.ts";
import { parseCacheControl, parseHeader, staticOptions } from "../../../servers/files/options.ts";
import { parseRedirect, redirectOf } from "../../../servers/files/redirects.ts";
import { plan } from "../../../servers/files/respond.ts";
import { launchServer } from "../../support/launch.ts";
import { withTree } from "./tree.ts";

Deno.test("globPattern() matches paths as shells do", () => {
  const cases: [glob: string, matching: string[], others: string[]][] = [
    ["*.js", ["a.js", "x/y/a.js"], ["a.jsx", "a.js/b", "ajs"]],
    ["/*.js", ["a.js"], ["x/a.js"]],
    ["assets/**", ["assets/a", "assets/x/y.js"], ["assets", "x/assets/a"]],
    ["/a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/xb", "ab"]],
    ["a/?.txt", ["a/b.txt"], ["a/bc.txt", "a//.txt"]],
    ["/a+(b).c", ["a+(b).c"], ["aab.c"]],
  ];
  for (const [glob, matching, others] of cases) {
    const pattern = globPattern(glob);
    for (const path of matching) assert.ok(pattern.test(path), `${glob} names ${path}`);
    for (const path of others) assert.ok(!pattern.test(path), `${glob} does not name ${path}`);
  }
});

Deno.test("redirectOf() fills stars, keeps queries, and never leads to a host that a client chose", () => {
  const rules = ["/old=/new", "/blog/**=/news/**:301", "/x/*=https://example.com/*?a=1:308"];
  const redirects = [...rules, "/any/**=/**", "/old/late=/1", "/old/late=/2"].map(parseRedirect);
  const cases: [segments: string[], query: string | undefined, expected: unknown][] = [
    [["old"], undefined, ["/new", 302]],
    [["old"], "a=b", ["/new?a=b", 302]],
    [["older"], undefined, undefined],
    [["blog", "a b", "ü"], undefined, ["/news/a%20b/%C3%BC", 301]],
    [["x", "y"], "q", ["https://example.com/y?a=1", 308]],
    [["any", "", "evil.example"], undefined, ["/evil.example", 302]],
    [["old", "late"], undefined, ["/2", 302]],
  ];
  for (const [segments, query, expected] of cases) {
    const found = redirectOf({ segments, query }, redirects);
    assert.deepEqual(found && [found.location, found.status], expected, segments.join("/"));
  }
});

Deno.test("parseRedirect() says what is wrong", () => {
  const cases: [text: string, why: RegExp][] = [
    ["/old", /write FROM=TO/],
    ["old=/new", /FROM is a path/],
    ["/old=//host/x", /TO is a path that begins with one \//],
    ["/old=javascript:alert(1)", /http or https URL/],
    ["/old=/new:200", /200 is none of 301/],
    ["/old=/new\r\nX: y", /TO is a path/],
    ["/old=/**", /more stars/],
    ["/old=/old", /leads to itself/],
  ];
  for (const [text, why] of cases) assert.throws(() => parseRedirect(text), why, text);
});

Deno.test("plan() sends the fields of the last pattern that names the path", () => {
  const lines = ["X-A: all", "assets/**: X-A: assets", "*.js: X-B: js", "X-C: 1", "X-C: 2"];
  const options = staticOptions({ root: "/", headers: lines.map(parseHeader) });
  const request = (target: string) => ({
    method: "GET",
    target,
    hasDecisiveField: false,
    field: () => undefined,
  });
  const sent = (target: string, path?: string) =>
    plan(request(target), { status: 200, fields: [], path }, options).fields
      .filter(([name]) => name.startsWith("X-") && name.length === 3)
      .map(([name, value]) => `${name}=${value}`).join(" ");
  assert.equal(sent("/index.html"), "X-A=all X-C=1 X-C=2");
  assert.equal(sent("/assets/a.css"), "X-A=assets X-C=1 X-C=2");
  assert.equal(sent("/assets/a%2ejs?q"), "X-A=assets X-B=js X-C=1 X-C=2");
  assert.equal(sent("/", "assets/index.js"), "X-A=assets X-B=js X-C=1 X-C=2", "the file decides");
});

Deno.test("parseCacheControl() takes a glob before the value", () => {
  assert.deepEqual(parseCacheControl("public, max-age=5"), ["public, max-age=5", undefined]);
  assert.deepEqual(parseCacheControl("a/**: max-age=5"), ["max-age=5", globPattern("a/**")]);
  assert.throws(() => parseCacheControl("a/**: max\nage"), /not a field value/);
});

for (const model of ["per-core", "shared-pool"]) {
  Deno.test(`ktcp http DIR --model ${model} follows rules by path`, () =>
    withTree({ "index.html": "i", "assets/a.js": "a", "assets/a.js.gz": "z" }, async (root) => {
      const immutable = "public, max-age=31536000, immutable";
      await using server = await launchServer([
        ...["http", root, "--model", model, "--workers", "1", "--security-headers"],
        ...["--cache-control", `assets/**: ${immutable}`, "--redirect", "/old/*=/assets/*:308"],
        ...["--header", "*.html: X-Page: yes", "--header", "Permissions-Policy: camera=*"],
      ]);
      const get = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`http://${server.address}${path}`, init);
        await response.body?.cancel();
        return response;
      };
      const index = await get("/");
      assert.equal(index.headers.get("cache-control"), "no-cache");
      assert.equal(index.headers.get("x-page"), "yes");
      assert.equal(index.headers.get("permissions-policy"), "camera=*");
      assert.match(index.headers.get("content-security-policy")!, /default-src 'self'/);
      assert.equal(index.headers.get("strict-transport-security"), null);
      const asset = await get("/assets/a.js", { headers: { "Accept-Encoding": "gzip" } });
      assert.equal(asset.headers.get("cache-control"), immutable);
      assert.equal(asset.headers.get("x-page"), null);
      const gone = await get("/assets/gone.js");
      assert.deepEqual([gone.status, gone.headers.get("cache-control")], [404, null]);
      const moved = await get("/old/a.js?v=1", { redirect: "manual" });
      assert.deepEqual([moved.status, moved.headers.get("location")], [308, "/assets/a.js?v=1"]);
    }));
}
