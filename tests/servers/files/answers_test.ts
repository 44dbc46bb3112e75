/** `ktcp http --dir` at the socket: which target gets what, and the fields that answers carry. */
import assert from "node:assert/strict";
import type { DirectoryOptions } from "../../../servers/mod.ts";
import {
  type Answered,
  type Asked,
  checkFields,
  FileClient,
  type Tree,
  withFiles,
} from "../../support/file_server.ts";
import { contentTag } from "../../../servers/files/content_tag.ts";
import { until } from "../../support/until.ts";
import { FEW_SETUPS, forEachSetup, serverOptions } from "../../support/setups.ts";

const TREE: Tree = {
  "a.txt": "0123456789",
  "about.html": "<p>about",
  "dir/index.html": "<p>dir",
  "dir/main.htm": "<p>main",
  "list/b.txt": "b",
  "empty.txt": "",
  "no-extension": "\x00\x01",
  "sp ace & é.txt": "odd",
  "x:y": "colon",
  "main.ts": "const a: number = 1;\n",
  "video.ts": Uint8Array.of(0x47, 0x40, 0x00, 0x10, 0x00),
  "README": "Read me: é\n",
  "large": new TextEncoder().encode("text, é\n".repeat(150_000)),
  ".well-known/acme-challenge/x": "token.print",
  ".env": "secret",
};
const PAGES: Tree = { ...TREE, "index.html": "<p>root", "404.html": "<p>gone" };

interface Case extends Asked {
  target: string;
  options?: Partial<DirectoryOptions>;
  tree?: Tree;
  status: number;
  /** The content; for a listing its kind is enough. */
  content?: string | RegExp;
  expect?: Record<string, string | RegExp | null>;
}

/** Accept as browsers send it for an address that a person goes to. */
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const clean = { cleanUrls: true };
const spa = { spa: true };
const LISTING = /<title>Index of /;

const CASES: Case[] = [
  // Files
  {
    target: "/a.txt",
    status: 200,
    content: "0123456789",
    expect: {
      "content-type": "text/plain; charset=utf-8",
      "content-length": "10",
      "accept-ranges": "bytes",
      "cache-control": "no-cache",
      "etag": /^"[\w-]{22}"$/,
      "last-modified": /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
      "x-content-type-options": "nosniff",
      "x-frame-options": "SAMEORIGIN",
      "referrer-policy": "strict-origin-when-cross-origin",
      "access-control-allow-origin": null,
      "vary": null,
      "server": "ktcp",
    },
  },
  { target: "/a.txt?query=1", status: 200, content: "0123456789" },
  { target: "/empty.txt", status: 200, content: "", expect: { "content-length": "0" } },
  {
    target: "/no-extension",
    status: 200,
    expect: { "content-type": "application/octet-stream" },
  },
  { target: "/sp%20ace%20&%20%C3%A9.txt", status: 200, content: "odd" },
  { target: "/x%3Ay", status: 200, content: "colon" },
  { target: "/x:y", status: 200, content: "colon" },
  { target: "//a.txt", status: 200, content: "0123456789" },
  { target: "http://other.example/a.txt", status: 200, content: "0123456789" },
  { target: "/a.txt/", status: 404 },
  { target: "/a.txt/b", status: 404 },
  { target: "/missing", status: 404, content: "404 Not Found\n" },
  { target: "/missing", tree: PAGES, status: 404, content: "<p>gone" },
  { target: "/.git/config", tree: PAGES, status: 404, content: "<p>gone" },
  // Directories
  { target: "/", status: 200, content: LISTING },
  { target: "/", tree: PAGES, status: 200, content: "<p>root" },
  { target: "/dir/", status: 200, content: "<p>dir" },
  { target: "/dir/", options: { index: ["main.htm"] }, status: 200, content: "<p>main" },
  { target: "/dir/", options: { index: ["x", "main.htm"] }, status: 200, content: "<p>main" },
  { target: "/list/", status: 200, content: LISTING },
  { target: "/list/", options: { listing: false }, status: 404, content: "404 Not Found\n" },
  { target: "/dir", status: 301, expect: { "location": "dir/" } },
  { target: "/dir?a=1&b=%20", status: 301, expect: { "location": "dir/?a=1&b=%20" } },
  { target: "//dir?//x", status: 301, expect: { "location": "dir/?//x" } },
  // Clean URLs
  { target: "/about", status: 404 },
  { target: "/about", options: clean, status: 200, content: "<p>about" },
  { target: "/about?x", options: clean, status: 200, content: "<p>about" },
  { target: "/about/", options: clean, status: 404 },
  { target: "/dir", options: clean, status: 301 },
  // Single-page application
  { target: "/app/route", options: spa, tree: PAGES, status: 200, content: "<p>root" },
  { target: "/app/missing.js", options: spa, tree: PAGES, status: 404, content: "<p>gone" },
  { target: "/a.txt", options: spa, tree: PAGES, status: 200, content: "0123456789" },
  { target: "/items/1.1", options: spa, tree: PAGES, status: 200, content: "<p>root" },
  {
    target: "/user@mail.com",
    fields: { Accept: BROWSER },
    options: spa,
    tree: PAGES,
    status: 200,
    content: "<p>root",
    expect: { vary: "Accept" },
  },
  // Source and text
  ...["main.ts", "README"].map((name): Case => ({
    target: `/${name}`,
    status: 200,
    expect: { "content-type": "text/plain; charset=utf-8", "content-disposition": null },
  })),
  { target: "/video.ts", status: 200, expect: { "content-type": "video/mp2t" } },
  {
    target: "/large",
    status: 200,
    expect: { "content-type": "text/plain; charset=utf-8" },
  },
  // What is hidden
  { target: "/.well-known/acme-challenge/x", status: 200, content: "token.print" },
  { target: "/.env", status: 404 },
  // Methods
  { target: "/a.txt", method: "POST", status: 405, expect: { allow: "GET, HEAD, OPTIONS" } },
  { target: "/a.txt", method: "DELETE", status: 405, expect: { allow: "GET, HEAD, OPTIONS" } },
  { target: "/a.txt", method: "BREW", status: 501 },
  { target: "/a.txt", method: "OPTIONS", status: 204, expect: { allow: "GET, HEAD, OPTIONS" } },
  { target: "*", method: "OPTIONS", status: 204, expect: { allow: "GET, HEAD, OPTIONS" } },
  // Options that add fields
  {
    target: "/a.txt",
    options: { cacheControl: "max-age=60" },
    status: 200,
    expect: { "cache-control": "max-age=60" },
  },
  {
    target: "/a.txt",
    options: { cacheControl: "" },
    status: 200,
    expect: { "cache-control": null },
  },
  {
    target: "/missing",
    options: { headers: [["X-One", "1"], ["X-Frame-Options", "DENY"]] },
    status: 404,
    expect: { "x-one": "1", "x-frame-options": "DENY" },
  },
  {
    target: "/a.txt",
    options: { cors: "*" },
    status: 200,
    expect: {
      "access-control-allow-origin": "*",
      "access-control-expose-headers": /Content-Range/,
    },
  },
  {
    target: "/a.txt",
    options: { cors: "https://app.example" },
    method: "OPTIONS",
    fields: {
      "Origin": "https://app.example",
      "Access-Control-Request-Method": "GET",
      "Access-Control-Request-Headers": "range",
    },
    status: 204,
    expect: {
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-methods": "GET, HEAD, OPTIONS",
      "access-control-allow-headers": /Range/,
    },
  },
];

/** Cases that can share a server. */
function groups(cases: Case[]): Map<string, Case[]> {
  const found = new Map<string, Case[]>();
  for (const one of cases) {
    const key = JSON.stringify([one.options ?? {}, one.tree === PAGES]);
    found.set(key, [...found.get(key) ?? [], one]);
  }
  return found;
}

function checkAnswer(answer: Answered, { status, content, expect = {} }: Case, label: string) {
  assert.equal(answer.status, status, label);
  if (typeof content === "string") assert.equal(answer.body, content, label);
  else if (content !== undefined) assert.match(answer.body, content, label);
  checkFields(answer.fields, expect, label);
}

for (const [key, cases] of groups(CASES)) {
  Deno.test(`ktcp http --dir ${key} answers targets as it should`, () =>
    withFiles(cases[0].tree ?? TREE, cases[0].options ?? {}, async ({ ask }) => {
      for (const one of cases) {
        const { target, method, fields } = one;
        const label = `${method ?? "GET"} ${target}`;
        // Three times: planned, remembered, and repeated by the core.
        for (let i = 0; i < 3; ++i) checkAnswer(await ask(target, { method, fields }), one, label);
        if (method !== undefined) continue;
        const head = await ask(target, { method: "HEAD", fields });
        checkAnswer(head, { ...one, content: "" }, `HEAD ${target}`);
      }
    }));
}

Deno.test("ktcp http --dir gives HEAD the fields of GET", () =>
  withFiles(
    { ...PAGES, "large.bin": new Uint8Array(3 << 20), "mid.bin": new Uint8Array(100_000) },
    {},
    async ({ ask }) => {
      const targets = ["/", "/a.txt", "/mid.bin", "/large.bin", "/missing", "/dir", "/list/"];
      for (const target of targets) {
        const { fields: got } = await ask(target);
        const { fields: head, body } = await ask(target, { method: "HEAD" });
        assert.equal(body, "");
        delete got.date;
        delete head.date;
        // Known only when content is made, so that HEAD may leave it out (RFC 9110 section 9.3.2).
        delete got["transfer-encoding"];
        assert.deepEqual(head, got, target);
      }
    },
  ));

Deno.test("ktcp http --auth asks for the password before anything else is answered", () =>
  withFiles(PAGES, { auth: { user: "u", password: "p:ä" } }, async ({ address, ask }) => {
    const encoded = btoa(String.fromCharCode(...new TextEncoder().encode("u:p:ä")));
    const fields = { Authorization: `Basic ${encoded}` };
    const challenge = {
      "www-authenticate": /^Basic realm="ktcp"/,
      "x-frame-options": "SAMEORIGIN",
    };
    const wrong = ["", "Basic", "Basic ???", `Basic ${btoa("u:q")}`, `Bearer ${encoded}`];
    // Also when the right one has been here before, on this connection and others.
    for (let round = 0; round < 2; ++round) {
      for (const target of ["/", "/a.txt", "/missing", "/%00", "/.env", "/dir"]) {
        for (const method of ["GET", "HEAD", "OPTIONS", "POST", "BREW"]) {
          const label = `${method} ${target}`;
          const answer = await ask(target, { method });
          assert.equal(answer.status, 401, label);
          checkFields(answer.fields, challenge, label);
        }
        for (const value of wrong) {
          assert.equal(
            (await ask(target, { fields: { Authorization: value } })).status,
            401,
            value,
          );
        }
      }
      assert.equal((await ask("*", { method: "OPTIONS" })).status, 401);
      assert.equal((await ask("/a.txt", { fields })).body, "0123456789");
      await using other = await FileClient.connect(address);
      assert.equal((await other.ask("/a.txt", { fields })).body, "0123456789");
      assert.equal((await other.ask("/a.txt")).status, 401);
    }
  }));

/** Errors that do not close the connection. */
const ERRORS: [target: string, method: string, status: number][] = [
  ["/missing", "GET", 404],
  ["/a.txt", "POST", 405],
  ["/a.txt", "BREW", 501],
];

/** More than is kept in memory: it is sent as a stream, and tagged by its content in the end. */
const LARGE_BYTES = 5 << 18;

forEachSetup(FEW_SETUPS, (setup) => {
  const { label } = setup;

  Deno.test(`${label}: a CORS preflight passes without credentials, nothing else does`, () =>
    withFiles(
      { "a.txt": "0123456789", "large.bin": new Uint8Array(2 << 20) },
      { ...serverOptions(setup), auth: { user: "u", password: "p" }, cors: "https://app.example" },
      async ({ ask }) => {
        const asking = { "Origin": "https://app.example", "Access-Control-Request-Method": "GET" };
        const preflight = await ask("/a.txt", { method: "OPTIONS", fields: asking });
        assert.equal(preflight.status, 204);
        checkFields(preflight.fields, {
          "access-control-allow-origin": "https://app.example",
          "access-control-allow-methods": /GET/,
          "access-control-allow-headers": /Authorization/,
        }, "preflight");
        assert.equal((await ask("/a.txt", { fields: asking })).status, 401);
        assert.equal((await ask("/a.txt", { method: "OPTIONS" })).status, 401);
        const fields = { Authorization: `Basic ${btoa("u:p")}` };
        assert.equal((await ask("/a.txt", { fields })).body, "0123456789");
        // In a pool the owner of the sockets streams these.
        for (const target of ["/large.bin", "/"]) {
          assert.equal((await ask(target, { fields })).status, 200, target);
          assert.equal((await ask(target)).status, 401, target);
        }
      },
    ));

  Deno.test(`${label}: ktcp http --dir tags a large file by its content in the end`, () => {
    const content = new Uint8Array(LARGE_BYTES).map((_, at) => at % 251);
    return withFiles(
      { "large.bin": content },
      { ...serverOptions(setup), maxActive: 4 },
      async ({ ask }) => {
        const wanted = contentTag(content);
        const range = { Range: "bytes=5-9" };
        let before: string | undefined;
        await until(async () => {
          const { etag } = (await ask("/large.bin", { fields: range })).fields;
          if (etag !== wanted && !etag.startsWith("W/")) before = etag;
          return etag === wanted;
        });
        // A download that began with the tag of this machine goes on.
        for (const tag of [wanted, ...before === undefined ? [] : [before]]) {
          // Each Worker learns of it at its own next look.
          const become = (asked: Asked, status: number) =>
            until(async () => {
              const answer = await ask("/large.bin", asked);
              return answer.status === status && answer.fields.etag === wanted;
            }, `${tag} is known`);
          await become({ fields: { ...range, "If-Range": tag } }, 206);
          await become({ method: "HEAD", fields: { "If-None-Match": tag } }, 304);
        }
        const other = await ask("/large.bin", { fields: { ...range, "If-Range": '"other"' } });
        assert.equal(other.status, 200);
      },
    );
  });

  Deno.test(`${label}: ktcp http --dir serves files of all sizes, and words errors`, () => {
    const sizes = [0, 1, 20_000, 100_000, 1 << 20, LARGE_BYTES];
    const tree: Tree = Object.fromEntries(
      sizes.map((size) => [`${size}.bin`, new Uint8Array(size).map((_, at) => at * 7)]),
    );
    const options = { ...serverOptions(setup), maxActive: 8 };
    return withFiles({ ...tree, "a.txt": "a" }, options, async ({ ask }) => {
      for (const size of [...sizes, ...sizes]) {
        const { status, body } = await ask(`/${size}.bin`);
        assert.equal(status, 200);
        assert.equal(body.length, size);
        for (let at = 0; at < size; at += 997) assert.equal(body.charCodeAt(at), at * 7 & 255);
      }
      const range = { Range: "bytes=1000000-1000002" };
      const { body } = await ask(`/${LARGE_BYTES}.bin`, { fields: range });
      assert.equal(body.charCodeAt(2), 1_000_002 * 7 & 255);
      assert.match((await ask("/")).body, LISTING);

      for (const [target, method, status] of ERRORS) {
        const plain = await ask(target, { method });
        const page = await ask(target, { method, fields: { Accept: BROWSER } });
        assert.deepEqual([plain.status, page.status], [status, status], target);
        checkFields(plain.fields, { "content-type": /^text\/plain/, vary: "Accept" }, target);
        checkFields(page.fields, { "content-type": /^text\/html/, vary: "Accept" }, target);
        assert.match(plain.body, new RegExp(`^${status} [^<]*\n$`));
        assert.match(page.body, new RegExp(`<h1>${status} `));
      }
    });
  });
});
