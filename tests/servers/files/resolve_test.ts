import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeSegment, resolve, urlPath } from "../../../servers/files/resolve.ts";

const hidden = { dotfiles: false };
const shown = { dotfiles: true };

Deno.test("resolve() decodes what names a file", () => {
  const cases: [target: string, segments: string[], directory: boolean, query?: string][] = [
    ["/", [], true],
    ["/a", ["a"], false],
    ["/a/", ["a"], true],
    ["/a/b.txt?x=1?y", ["a", "b.txt"], false, "x=1?y"],
    ["/a?", ["a"], false, ""],
    ["/?/../x", [], true, "/../x"],
    ["//a///b", ["a", "b"], false],
    ["//evil.example/", ["evil.example"], true],
    ["/%61%20b", ["a b"], false],
    ["/a+b", ["a+b"], false],
    ["/%25%32%65", ["%2e"], false],
    ["/%E2%82%AC", ["€"], false],
    ["/\xe2\x82\xac", ["€"], false],
    ["/%EF%BB%BFx", ["\ufeffx"], false],
    ["/a%0Ab%7F", ["a\nb\x7f"], false],
    ["http://host:80/a?q", ["a"], false, "q"],
    ["HTTPS://host/a/", ["a"], true],
    ["http://host", [], true],
    ["http://host?q", [], true, "q"],
    ["/http://host/a", ["http:", "host", "a"], false],
  ];
  for (const [target, segments, directory, query] of cases) {
    assert.deepEqual(resolve(target, hidden), { kind: "path", segments, directory, query }, target);
  }
});

Deno.test("resolve() refuses what could mean something else to a file system", () => {
  const cases: [target: string, status: number][] = [
    ["", 400],
    ["a", 400],
    ["*", 400],
    ["?q", 400],
    ["ftp://host/a", 400],
    ["/%00", 400],
    ["/a%00.txt", 400],
    ["/a%2fb", 400],
    ["/a%2Fb", 400],
    ["/..%2f..%2fetc/passwd", 400],
    ["/a\\b", 400],
    ["/a%5cb", 400],
    ["/..%5C..%5Cetc", 400],
    ["/%", 400],
    ["/%4", 400],
    ["/%zz", 400],
    ["/%u0041", 400],
    ["/.", 400],
    ["/..", 400],
    ["/../etc/passwd", 400],
    ["/a/../b", 400],
    ["/a/./b", 400],
    ["/%2e%2e/etc", 400],
    ["/%2E./etc", 400],
    ["/.%2e/etc", 400],
    ["http://host/../etc", 400],
    ["/%c0%af", 400],
    ["/%c0%ae%c0%ae/etc", 400],
    ["/%e0%80%af", 400],
    ["/%f0%80%80%af", 400],
    ["/%ed%a0%80", 400],
    ["/%ff", 400],
    ["/\xff", 400],
    ["/%e2%82", 400],
    ["/%f4%90%80%80", 400],
    ["/.git/config", 404],
    ["/.env", 404],
    ["/a/.b", 404],
    ["/%2egit/config", 404],
    ["/...", 404],
    ["/.a/%00", 404],
  ];
  for (const [target, status] of cases) {
    const verdict = resolve(target, hidden);
    assert.equal(verdict.kind === "refused" && verdict.status, status, target);
  }
});

Deno.test("resolve() lets dotfiles through when asked, but never dot segments", () => {
  assert.deepEqual(resolve("/.git/config", shown), {
    kind: "path",
    segments: [".git", "config"],
    directory: false,
    query: undefined,
  });
  for (const target of ["/..", "/.", "/%2e%2e/x"]) {
    assert.equal(resolve(target, shown).kind, "refused", target);
  }
});

Deno.test("resolve() of urlPath() gives the same names back", () => {
  const name = fc.string({ unit: "binary", minLength: 1 })
    .filter((text) => text.isWellFormed() && !/[\0/\\]/.test(text) && !/^\.{1,2}$/.test(text));
  fc.assert(fc.property(fc.array(name, { maxLength: 5 }), fc.boolean(), (segments, directory) => {
    const path = urlPath(segments, directory);
    assert.match(path, /^\/(?!\/)[\x21-\x7e]*$/);
    const verdict = resolve(path, shown);
    assert.deepEqual(verdict.kind === "path" && verdict.segments, segments);
  }));
});

Deno.test("resolve() never yields a segment that leaves its directory, whatever the bytes", () => {
  const noise = fc.string({
    unit: fc.constantFrom("/", ".", "%", "2", "e", "f", "5", "c", "\\", "\xc0", "\xaf", "a"),
  });
  fc.assert(
    fc.property(noise, (text) => {
      const verdict = resolve("/" + text, shown);
      if (verdict.kind === "refused") return;
      for (const segment of verdict.segments) {
        assert.ok(segment !== "" && segment !== "." && segment !== "..");
        assert.doesNotMatch(segment, /[\0/\\]/);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("encodeSegment() leaves only unreserved characters", () => {
  assert.equal(encodeSegment("a:b'(c)*!&?#%"), "a%3Ab%27%28c%29%2A%21%26%3F%23%25");
});
