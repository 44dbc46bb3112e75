import assert from "node:assert/strict";
import { Core, Event } from "../../../core/mod.ts";
import { planCopy, planFound, planRequest } from "../../../servers/files/planner.ts";
import { type StaticOptions, staticOptions } from "../../../servers/files/options.ts";
import type { FileState, LookupResult, Plan } from "../../../servers/files/plan.ts";
import { challenge } from "../../../servers/files/auth.ts";
import type { HttpRequest } from "../../../servers/http/resource.ts";

const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const NOW_MS = Date.UTC(2026, 0, 1);
const encoder = new TextEncoder();

/** A disk without a disk: paths to contents; `null` is a directory. */
type Tree = Record<string, string | null>;

const TREE: Tree = {
  "": null,
  "a.txt": "0123456789",
  "empty.txt": "",
  "a.json": "{}",
  "dir": null,
  "dir/index.html": "<p>dir",
  "list": null,
  "list/x:y": "x",
  "about.html": "<p>about",
  "blog": null,
  "blog.html": "<p>blog",
  "pre.js": "let original;",
  "pre.js.br": "BR",
  "pre.js.gz": "GZIP",
  "pack.gz": "packed",
  "secret": "FORBIDDEN",
};

function state(tree: Tree, path: string): FileState {
  const bytes = encoder.encode(tree[path]!);
  const facts = { dev: 1, ino: 1, size: bytes.length, mtimeMs: 784111777_900, ctimeMs: 0 };
  return { path, facts, tag: `"${path}"`, bytes, readAtMs: 0 };
}

function lookUp(tree: Tree, paths: string[]): LookupResult {
  let result: LookupResult = { kind: "missing" };
  for (const path of paths) {
    if (tree[path] === undefined) result = { kind: "missing" };
    else if (tree[path] === null) result = { kind: "directory" };
    else if (tree[path] === "FORBIDDEN") return { kind: "forbidden" };
    else {
      const siblings: Extract<LookupResult, { kind: "file" }>["siblings"] = {};
      if (tree[path + ".br"]) siblings.br = state(tree, path + ".br");
      if (tree[path + ".gz"]) siblings.gzip = state(tree, path + ".gz");
      return { kind: "file", file: state(tree, path), siblings, freshUntilMs: NOW_MS + 1 };
    }
  }
  return result;
}

/** The fields that were read for answers that may be repeated. */
const decided = new Set<string>();

interface Case {
  method?: string;
  fields?: Record<string, string>;
  options?: Partial<StaticOptions>;
  tree?: Tree;
}

function requestOf(
  { method = "GET", target, fields = {} }: Pick<Case, "method" | "fields"> & { target: string },
): HttpRequest & { read: Set<string> } {
  const read = new Set<string>();
  return {
    method,
    target,
    hasDecisiveField: false,
    read,
    field(name) {
      read.add(name);
      return fields[name];
    },
  };
}

/** Whether the core counts the field `name` among those that decide an answer. */
function isDecisive(name: string): boolean {
  const core = Core.create({ blocks: 2 });
  const conn = core.open();
  core.receive(conn, encoder.encode(`GET / HTTP/1.1\r\nHost: a\r\n${name}: x\r\n\r\n`));
  assert.equal(core.next(conn), Event.Head);
  return core.hasDecisiveField(conn);
}

function answer(
  target: string,
  { method, fields, options = {}, tree = TREE }: Case = {},
): Plan {
  const request = requestOf({ method, target, fields });
  const context = { options: staticOptions({ root: "/", ...options }), nowMs: NOW_MS };
  let step = planRequest(request, context.options) as ReturnType<typeof planFound>;
  while (step.kind === "lookup") step = planFound(request, step, lookUp(tree, step.paths), context);
  if (step.kind === "compression") {
    const bytes = encoder.encode(`${step.coding} copy`);
    step = planCopy(request, step, { bytes, tag: `"${step.coding}"` }, context);
  }
  assert.deepEqual(structuredClone(step), step, "plans are plain data");
  if (step.content instanceof Uint8Array) assert.equal(step.length, step.content.length);
  if (step.freshUntilMs! > 0) request.read.forEach((name) => decided.add(name));
  return step;
}

function field(plan: Plan, name: string): string | undefined {
  const values = plan.fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) =>
    value
  );
  assert.ok(values.length <= 1, `${name} is sent once`);
  return values[0];
}

function text(plan: Plan): string {
  const { content } = plan;
  return content instanceof Uint8Array ? new TextDecoder().decode(content) : content!.kind;
}

Deno.test("planner sends a file with its fields", () => {
  const plan = answer("/a.txt?v=1");
  assert.equal(plan.status, 200);
  assert.equal(text(plan), "0123456789");
  assert.equal(field(plan, "content-type"), "text/plain; charset=utf-8");
  assert.equal(field(plan, "etag"), '"a.txt"');
  assert.equal(field(plan, "last-modified"), MODIFIED);
  assert.equal(field(plan, "accept-ranges"), "bytes");
  assert.equal(field(plan, "cache-control"), "no-cache");
  assert.equal(field(plan, "x-content-type-options"), "nosniff");
  assert.equal(field(plan, "vary"), undefined);
  assert.equal(plan.freshUntilMs, NOW_MS + 1);
});

Deno.test("planner answers targets by status", () => {
  const clean = { cleanUrls: true };
  const spa = { spa: true };
  const navigation = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const picture = "image/avif,image/webp,image/*,*/*;q=0.8";
  const json = "application/json, text/plain, */*";
  const wellKnown = {
    ...TREE,
    ".well-known/acme-challenge/x": "token",
    ".well-known/.hidden": "no",
    "dir/.well-known/x": "no",
    ".well-known-not/x": "no",
  };
  const withIndex = { ...TREE, "index.html": "<p>root", "404.html": "<p>gone" };
  const cases: [target: string, settings: Case, status: number, content?: string][] = [
    ["/", {}, 200, "listing"],
    ["/", { tree: withIndex }, 200, "<p>root"],
    ["/index.html", { tree: withIndex }, 200, "<p>root"],
    ["/dir/", {}, 200, "<p>dir"],
    ["/dir/", { options: { index: ["none.htm", "index.html"] } }, 200, "<p>dir"],
    ["/dir/", { options: { index: ["none.htm"] } }, 200, "listing"],
    ["/list/", {}, 200, "listing"],
    ["/list/", { options: { listing: false } }, 404],
    ["/list/x%3Ay", {}, 200, "x"],
    ["/empty.txt", {}, 200, ""],
    ["/missing", {}, 404, "404 Not Found\n"],
    ["/a.txt/", {}, 404],
    ["/a.txt/b", {}, 404],
    ["/secret", {}, 403],
    ["/.git/config", {}, 404, "404 Not Found\n"],
    ["/..%2fetc", {}, 400],
    ["/%00", { tree: withIndex }, 400],
    ["/missing", { tree: withIndex }, 404, "<p>gone"],
    ["/.git/config", { tree: withIndex }, 404, "<p>gone"],
    ["/404.html", { tree: withIndex }, 200, "<p>gone"],
    // Clean URLs
    ["/about", {}, 404],
    ["/about", { options: clean }, 200, "<p>about"],
    ["/about.html", { options: clean }, 200, "<p>about"],
    ["/about/", { options: clean }, 404],
    ["/blog", { options: clean }, 200, "<p>blog"],
    ["/blog", {}, 301],
    ["/dir", { options: clean }, 301],
    ["/missing", { options: clean }, 404],
    // Single-page application
    ["/app/route", { options: spa, tree: withIndex }, 200, "<p>root"],
    ["/app/route/", { options: spa, tree: withIndex }, 200, "<p>root"],
    ["/app/missing.js", { options: spa, tree: withIndex }, 404, "<p>gone"],
    ["/.git/config", { options: spa, tree: withIndex }, 404, "<p>gone"],
    ["/app/route", { options: spa }, 404],
    ["/items/1.1", { options: spa, tree: withIndex }, 200, "<p>root"],
    ["/items/1.1", { options: spa, tree: withIndex, fields: navigation }, 200, "<p>root"],
    ["/user@mail.com", { options: spa, tree: withIndex, fields: navigation }, 200, "<p>root"],
    ["/docs/a.js", { options: spa, tree: withIndex, fields: navigation }, 200, "<p>root"],
    ["/docs/a.js", { options: spa, tree: withIndex, fields: { accept: "*/*" } }, 404, "<p>gone"],
    ["/a.png", { options: spa, tree: withIndex, fields: { accept: picture } }, 404, "<p>gone"],
    ["/api/x", { options: spa, tree: withIndex, fields: { accept: json } }, 404, "<p>gone"],
    ["/.env", { options: spa, tree: withIndex, fields: navigation }, 404, "<p>gone"],
    // Dotfiles
    ["/.well-known/acme-challenge/x", { tree: wellKnown }, 200, "token"],
    ["/.well-known/.hidden", { tree: wellKnown }, 404],
    ["/dir/.well-known/x", { tree: wellKnown }, 404],
    ["/.well-known-not/x", { tree: wellKnown }, 404],
    ["/a.txt", { options: spa, tree: withIndex }, 200, "0123456789"],
    ["/list/", { options: { ...spa, listing: false }, tree: withIndex }, 200, "<p>root"],
  ];
  for (const [target, settings, status, content] of cases) {
    const plan = answer(target, settings);
    const label = `${target} ${JSON.stringify(settings.options ?? {})}`;
    assert.equal(plan.status, status, label);
    if (content !== undefined) assert.equal(text(plan), content, label);
    const head = answer(target, { ...settings, method: "HEAD" });
    assert.deepEqual({ ...head, content: plan.content }, plan, `HEAD ${label}`);
    assert.equal(head.content, undefined);
  }
});

Deno.test("planner redirects a directory to its own host, keeping the query", () => {
  const cases: [target: string, location: string][] = [
    ["/dir", "dir/"],
    ["/dir?a=1&b=2", "dir/?a=1&b=2"],
    ["/dir?", "dir/?"],
    ["//dir", "dir/"],
    ["///dir?//x", "dir/?//x"],
    ["http://host/dir?q", "dir/?q"],
    ["/%64ir", "dir/"],
  ];
  for (const [target, location] of cases) {
    const plan = answer(target);
    assert.equal(plan.status, 301, target);
    assert.equal(field(plan, "location"), location, target);
    // What the client makes of it (RFC 3986 section 5.2), also below a prefix that a proxy takes off.
    const path = target.replace("http://host", "").split("?")[0];
    for (const prefix of ["", "/app"]) {
      const base = new URL(`http://host${prefix}${path}`);
      const { pathname } = new URL(location, base);
      assert.equal(pathname, `${base.pathname.replace("%64", "d")}/`, target);
    }
  }
  const evil = { "evil.example": null, "evil.example/@x": null };
  assert.equal(field(answer("//evil.example", { tree: evil }), "location"), "evil.example/");
  assert.equal(
    field(answer("//evil.example/@x", { tree: evil }), "location"),
    "%40x/",
  );
});

Deno.test("challenge() asks for credentials, whatever the method and target", () => {
  const options = staticOptions({ root: "/", auth: { user: "u", password: "p" }, cors: "*" });
  for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
    for (const target of ["/a.txt", "/missing", "/%00", "*", "/.env"]) {
      const plan = challenge(requestOf({ method, target }), options)!;
      assert.equal(plan.status, 401, `${method} ${target}`);
      assert.match(field(plan, "www-authenticate")!, /^Basic realm="[^"]+"/);
      const of = (value: string) =>
        challenge(requestOf({ method, target, fields: { authorization: value } }), options);
      assert.equal(of("Basic " + btoa("u:p")), undefined);
      assert.equal(of("Basic eA==")?.status, 401);
    }
  }
});

Deno.test("planner allows GET, HEAD and OPTIONS before it looks at the target", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT"]) {
    for (const target of ["/a.txt", "/missing", "/%00"]) {
      const plan = answer(target, { method });
      assert.equal(plan.status, 405);
      assert.equal(field(plan, "allow"), "GET, HEAD, OPTIONS");
    }
  }
  for (const target of ["/a.txt", "*"]) {
    const plan = answer(target, { method: "OPTIONS" });
    assert.deepEqual([plan.status, plan.content, plan.length], [204, undefined, undefined]);
    assert.equal(field(plan, "allow"), "GET, HEAD, OPTIONS");
    assert.equal(field(plan, "access-control-allow-origin"), undefined);
  }
});

Deno.test("planner adds CORS fields, and answers a preflight", () => {
  const options = { cors: "https://a.example" };
  for (const target of ["/a.txt", "/missing", "/list/", "/dir"]) {
    assert.equal(
      field(answer(target, { options }), "access-control-allow-origin"),
      "https://a.example",
    );
  }
  const preflight = answer("/a.txt", {
    method: "OPTIONS",
    options,
    fields: { "access-control-request-method": "GET" },
  });
  assert.equal(preflight.status, 204);
  assert.match(field(preflight, "access-control-allow-methods")!, /GET/);
  assert.match(field(preflight, "access-control-allow-headers")!, /Range/);
});

Deno.test("challenge() lets a preflight pass without credentials, and nothing else", () => {
  const asking = { "access-control-request-method": "GET" };
  const auth = { user: "u", password: "p" };
  const cases: [method: string, fields: Record<string, string>, cors?: string, passes?: true][] = [
    ["OPTIONS", asking, "*", true],
    ["OPTIONS", {}, "*"],
    ["OPTIONS", asking, undefined],
    ["GET", asking, "*"],
    ["HEAD", asking, "*"],
    ["POST", asking, "*"],
  ];
  for (const [method, fields, cors, passes] of cases) {
    const options = staticOptions({ root: "/", auth, cors });
    const plan = challenge(requestOf({ method, target: "/a.txt", fields }), options);
    assert.equal(plan?.status, passes ? undefined : 401, `${method} ${cors}`);
    // Without it the browser hides the 401 from the page, too.
    if (plan !== undefined) assert.equal(field(plan, "access-control-allow-origin"), cors);
  }
});

Deno.test("planner adds the user's fields, which replace its own", () => {
  const headers: [string, string][] = [
    ["X-A", "1"],
    ["x-frame-options", "DENY"],
    ["Vary", "Origin"],
    ["Cache-Control", "public"],
    ["Content-Security-Policy", "default-src 'self'"],
  ];
  const plan = answer("/pre.js", { options: { headers } });
  assert.equal(field(plan, "x-a"), "1");
  assert.equal(field(plan, "x-frame-options"), "DENY");
  assert.equal(field(plan, "vary"), "Accept-Encoding, Origin");
  assert.equal(field(plan, "cache-control"), "public");
  assert.equal(field(plan, "content-security-policy"), "default-src 'self'");
  assert.match(
    field(answer("/list/", { options: { headers } }), "content-security-policy")!,
    /sha256/,
  );
  assert.equal(field(answer("/missing", { options: { headers } }), "x-a"), "1");
});

Deno.test("planner honours cacheControl, empty meaning none", () => {
  const of = (cacheControl: string) =>
    field(answer("/a.txt", { options: { cacheControl } }), "cache-control");
  assert.equal(of("max-age=60"), "max-age=60");
  assert.equal(of(""), undefined);
});

Deno.test("planner sends ranges", () => {
  const cases: [
    range: string,
    status: number,
    contentRange: string | undefined,
    content?: string,
  ][] = [
    ["bytes=2-4", 206, "bytes 2-4/10", "234"],
    ["bytes=-3", 206, "bytes 7-9/10", "789"],
    ["bytes=-30", 206, "bytes 0-9/10", "0123456789"],
    ["bytes=8-", 206, "bytes 8-9/10", "89"],
    ["bytes=0-4,2-5", 206, "bytes 0-5/10", "012345"],
    ["bytes=10-", 416, "bytes */10"],
    ["bytes=0-5x", 200, undefined, "0123456789"],
  ];
  for (const range of ["bytes=0-", "bytes=0-0", "bytes=0-,5-", "bytes=-5"]) {
    const empty = answer("/empty.txt", { fields: { range } });
    assert.deepEqual([empty.status, empty.length], [200, 0], `${range} of an empty file`);
  }
  assert.equal(answer("/empty.txt", { fields: { range: "bytes=1-" } }).status, 416);
  for (const [range, status, contentRange, content] of cases) {
    const plan = answer("/a.txt", { fields: { range } });
    assert.deepEqual([plan.status, field(plan, "content-range")], [status, contentRange], range);
    if (content !== undefined) assert.equal(text(plan), content, range);
    if (status !== 200) assert.equal(plan.freshUntilMs, 0);
    const head = answer("/a.txt", { fields: { range }, method: "HEAD" });
    assert.deepEqual([head.status, head.length], [200, 10], "HEAD ignores Range");
  }
  const several = answer("/a.txt", { fields: { range: "bytes=0-1,8-9" } });
  assert.equal(several.status, 206);
  assert.equal(field(several, "content-range"), undefined);
  assert.match(field(several, "content-type")!, /^multipart\/byteranges; boundary=/);
  assert.match(text(several), /Content-Range: bytes 0-1\/10\r\n\r\n01\r\n--/);
  assert.match(text(several), /Content-Range: bytes 8-9\/10\r\n\r\n89\r\n--/);
});

Deno.test("planner plans large files as slices of the disk", () => {
  const facts = { dev: 1, ino: 2, size: 1e9, mtimeMs: 5000, ctimeMs: 0 };
  const file = { path: "big.bin", facts, tag: '"big"', bytes: undefined, readAtMs: 0 };
  const context = { options: staticOptions({ root: "/" }), nowMs: NOW_MS };
  const of = (range?: string) => {
    const request = requestOf({ target: "/big.bin", fields: range ? { range } : {} });
    const asked = planRequest(request, context.options);
    assert.equal(asked.kind, "lookup");
    if (asked.kind !== "lookup") throw new Error("unreachable");
    return planFound(
      request,
      asked,
      { kind: "file", file, siblings: {}, freshUntilMs: NOW_MS },
      context,
    ) as Plan;
  };
  assert.deepEqual(of().content, { kind: "file", path: "big.bin", facts, offset: 0, length: 1e9 });
  assert.equal(of().freshUntilMs, 0, "the file has to be opened each time");
  assert.deepEqual(of("bytes=5-9").content, {
    kind: "file",
    path: "big.bin",
    facts,
    offset: 5,
    length: 5,
  });
  const { content, length } = of("bytes=0-0,999999999-");
  assert.ok(content && "kind" in content && content.kind === "multipart");
  const sum = content.parts.reduce(
    (n, part) => n + (part.kind === "bytes" ? part.bytes.length : part.length),
    0,
  );
  assert.equal(sum, length);
  assert.deepEqual(content.parts.map(({ kind }) => kind), [
    "bytes",
    "range",
    "bytes",
    "range",
    "bytes",
  ]);
});

Deno.test("planner judges conditions on a listing, which has no validators", () => {
  const cases: [fields: Record<string, string>, status: number][] = [
    [{ "if-match": "*" }, 200],
    [{ "if-match": '"x"' }, 412],
    [{ "if-match": "x" }, 412],
    [{ "if-none-match": "*" }, 304],
    [{ "if-none-match": '"x"' }, 200],
    [{ "if-match": '"x"', "if-none-match": "*" }, 412],
    [{ "if-modified-since": MODIFIED }, 200],
    [{ "if-unmodified-since": MODIFIED }, 200],
    [{ "range": "bytes=0-1" }, 200],
  ];
  for (const [fields, status] of cases) {
    for (const method of ["GET", "HEAD"]) {
      const plan = answer("/list/", { fields, method });
      assert.equal(plan.status, status, `${method} ${JSON.stringify(fields)}`);
      if (status === 304) {
        assert.deepEqual([plan.content, field(plan, "vary")], [undefined, "Accept"]);
      }
    }
  }
  // The answer would not be 200 without them.
  for (const target of ["/missing", "/dir"]) {
    const { status } = answer(target);
    assert.equal(answer(target, { fields: { "if-match": '"x"' } }).status, status);
  }
});

Deno.test("planner words errors as a page for who prefers pages", () => {
  const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
  const cases: [target: string, settings: Case, status: number, sentence: RegExp][] = [
    ["/missing", {}, 404, /There is nothing at this address\./],
    ["/secret", {}, 403, /no permission/],
    ["/%00", {}, 400, /The target holds a byte/],
    ["/a.txt", { method: "POST" }, 405, /not allowed/],
    ["/a.txt", { fields: { "if-match": '"x"' } }, 412, /not in the state/],
    ["/a.txt", { fields: { range: "bytes=99-" } }, 416, /does not have the part/],
    ["/a.txt", { fields: { "accept-encoding": "identity;q=0" } }, 406, /coding is acceptable/],
  ];
  for (const [target, settings, status, sentence] of cases) {
    const plain = answer(target, settings);
    const asPage = answer(target, { ...settings, fields: { ...settings.fields, ...page } });
    assert.deepEqual([plain.status, asPage.status], [status, status], target);
    assert.match(text(plain), new RegExp(`^${status} [^<]+\n$`));
    assert.match(text(asPage), sentence, target);
    assert.match(text(asPage), new RegExp(`<title>${status} `));
    assert.equal(field(plain, "content-type"), "text/plain; charset=utf-8");
    assert.equal(field(asPage, "content-type"), "text/html; charset=utf-8");
    assert.match(
      field(asPage, "content-security-policy")!,
      /^default-src 'none'; style-src 'sha256-/,
    );
    for (const plan of [plain, asPage]) assert.match(field(plan, "vary")!, /^Accept(,|$)/, target);
  }
});

Deno.test("planner answers conditional requests", () => {
  const notModified = answer("/a.txt", { fields: { "if-none-match": 'W/"a.txt"' } });
  assert.deepEqual([notModified.status, notModified.content, notModified.length], [
    304,
    undefined,
    undefined,
  ]);
  assert.deepEqual(notModified.fields.slice(0, 2), [["ETag", '"a.txt"'], [
    "Cache-Control",
    "no-cache",
  ]]);
  for (const name of ["content-type", "content-length", "last-modified", "accept-ranges"]) {
    assert.equal(field(notModified, name), undefined, name);
  }
  const status = (fields: Record<string, string>, target = "/a.txt") =>
    answer(target, { fields }).status;
  assert.equal(status({ "if-modified-since": MODIFIED }), 304);
  assert.equal(status({ "if-match": '"x"' }), 412);
  assert.equal(status({ "if-none-match": "*", range: "bytes=99-" }), 304);
  assert.equal(status({ "if-match": '"x"', range: "bytes=0-1" }), 412);
  assert.equal(status({ "if-match": "*" }, "/missing"), 404);
  assert.equal(status({ "if-none-match": "*" }, "/dir"), 301);
  assert.equal(status({ "if-none-match": "*" }, "/list/"), 304);
  assert.equal(status({ "if-range": '"a.txt"', range: "bytes=0-1" }), 206);
  assert.equal(status({ "if-range": MODIFIED, range: "bytes=0-1" }), 206);
  assert.equal(status({ "if-range": '"x"', range: "bytes=0-1" }), 200);
  assert.equal(status({ "if-range": '"x"', range: "bytes=99-" }), 200);
});

Deno.test("planner sends precompressed siblings with Vary", () => {
  const of = (accept?: string, target = "/pre.js") =>
    answer(target, { fields: accept === undefined ? {} : { "accept-encoding": accept } });
  const cases: [accept: string | undefined, coding: string | undefined, content: string][] = [
    [undefined, undefined, "let original;"],
    ["gzip, br", "br", "BR"],
    ["gzip;q=1, br;q=0.5", "gzip", "GZIP"],
    ["zstd", undefined, "let original;"],
    ["identity;q=0, *;q=0.1", "br", "BR"],
  ];
  for (const [accept, coding, content] of cases) {
    const plan = of(accept);
    assert.deepEqual([plan.status, field(plan, "content-encoding"), text(plan)], [
      200,
      coding,
      content,
    ], String(accept));
    assert.equal(field(plan, "vary"), "Accept-Encoding");
    assert.equal(field(plan, "content-type"), "text/javascript; charset=utf-8");
  }
  assert.notEqual(field(of("br"), "etag"), field(of("gzip"), "etag"));
  const refused = of("zstd, identity;q=0");
  assert.deepEqual([refused.status, field(refused, "vary")], [406, "Accept, Accept-Encoding"]);
  assert.equal(of("identity;q=0", "/a.txt").status, 406);
  const byName = of("gzip", "/pack.gz");
  assert.deepEqual([field(byName, "content-encoding"), field(byName, "content-type")], [
    undefined,
    "application/gzip",
  ]);
  const notModified = answer("/pre.js", {
    fields: { "accept-encoding": "br", "if-none-match": '"pre.js.br"' },
  });
  assert.deepEqual([notModified.status, field(notModified, "vary")], [304, "Accept-Encoding"]);
});

Deno.test("planner compresses on the fly when asked to", () => {
  const tree = { "long.txt": "x".repeat(300), "short.txt": "x", "long.png": "x".repeat(300) };
  const options = { compress: true };
  const of = (target: string, accept: string, extra = {}) =>
    answer(target, { tree, options, fields: { "accept-encoding": accept, ...extra } });
  const plan = of("/long.txt", "gzip, br");
  assert.deepEqual([
    text(plan),
    field(plan, "content-encoding"),
    field(plan, "etag"),
    field(plan, "vary"),
  ], ["br copy", "br", '"br"', "Accept-Encoding"]);
  assert.equal(of("/long.txt", "gzip", { "if-none-match": '"gzip"' }).status, 304);
  assert.equal(text(of("/long.txt", "gzip", { range: "bytes=0-3" })), "gzip");
  assert.equal(field(of("/long.txt", "identity"), "vary"), "Accept-Encoding");
  assert.equal(field(of("/short.txt", "gzip"), "content-encoding"), undefined);
  assert.equal(field(of("/long.png", "gzip"), "content-encoding"), undefined);
  assert.equal(
    field(answer("/long.txt", { tree, fields: { "accept-encoding": "gzip" } }), "content-encoding"),
    undefined,
  );
});

Deno.test("planner lists as HTML or JSON", () => {
  const of = (target: string, accept?: string) =>
    answer(target, { fields: accept ? { accept } : {} });
  const html = of("/list/?sort=size&order=desc");
  assert.deepEqual(html.content, {
    kind: "listing",
    path: "list",
    segments: ["list"],
    format: "html",
    sort: { key: "size", descending: true },
  });
  assert.equal(html.length, undefined);
  assert.equal(field(html, "vary"), "Accept");
  assert.equal(field(html, "content-type"), "text/html; charset=utf-8");
  for (const json of [of("/list/?format=json"), of("/list/", "application/json")]) {
    assert.equal(field(json, "content-type"), "application/json; charset=utf-8");
    assert.equal(json.content && "format" in json.content && json.content.format, "json");
  }
});

Deno.test("what decides an answer that may be repeated, the core knows as decisive", () => {
  assert.equal(answer("/a.txt").freshUntilMs, NOW_MS + 1);
  assert.ok(decided.size > 5, "the planner was asked for files");
  const others = [...decided].filter((name) => !isDecisive(name));
  assert.deepEqual(others, ["accept-encoding"]);
});
