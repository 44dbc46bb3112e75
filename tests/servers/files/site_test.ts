import assert from "node:assert/strict";
import zlib from "node:zlib";
import { CompressorPool } from "../../../servers/files/compression/compressor_pool.ts";
import { ListingRoom, MAX_HELD_ENTRIES } from "../../../servers/files/listing_room.ts";
import { type StaticOptions, staticOptions } from "../../../servers/files/options.ts";
import { REVALIDATE_MS } from "../../../servers/files/freshness.ts";
import type { Plan, PlannedFile } from "../../../servers/files/plan.ts";
import { MAX_IN_MEMORY_BYTES, Site } from "../../../servers/files/site.ts";
import type { HttpRequest } from "../../../servers/http/resource.ts";
import { run, withTree } from "./tree.ts";

function get(target: string, fields: Record<string, string> = {}): HttpRequest {
  return { method: "GET", target, hasDecisiveField: false, field: (name) => fields[name] };
}

function site(root: string, options: Partial<StaticOptions> = {}): Site {
  return new Site(staticOptions({ root, ...options }));
}

function text(plan: Plan | Promise<Plan>): string {
  assert.ok(!(plan instanceof Promise) && plan.content instanceof Uint8Array);
  return new TextDecoder().decode(plan.content);
}

function tag(plan: Plan | Promise<Plan>): string {
  assert.ok(!(plan instanceof Promise));
  return plan.fields.find(([name]) => name === "ETag")![1];
}

interface Listed {
  text: string;
  pieces: number;
  /** Most pieces between two turns of the event loop. */
  piecesAtOnce: number;
}

async function list(of: Site, target: string): Promise<Listed> {
  const plan = await of.plan(get(target), Date.now());
  assert.ok(plan.content && "format" in plan.content);
  const listed: Listed = { text: "", pieces: 0, piecesAtOnce: 0 };
  let inThisTurn = 0;
  const timer = setInterval(() => inThisTurn = 0, 0);
  const content = of.listing(plan.content);
  for await (const piece of content.pieces()) {
    listed.text += new TextDecoder().decode(piece);
    listed.pieces++;
    listed.piecesAtOnce = Math.max(listed.piecesAtOnce, ++inThisTurn);
  }
  content.cancel();
  clearInterval(timer);
  return listed;
}

Deno.test("Site serves a changed file within a second, and its tag follows the content", () =>
  withTree({ "a.txt": "one" }, (root) => {
    const served = site(root);
    const start = Date.now();
    const first = served.plan(get("/a.txt"), start);
    assert.equal(text(first), "one");
    assert.match(tag(first), /^"/);

    // Same inode, same size, mtime set back: only ctime or the content can tell.
    const { mtime, atime } = Deno.statSync(root + "/a.txt");
    Deno.writeTextFileSync(root + "/a.txt", "two");
    Deno.utimeSync(root + "/a.txt", atime!, mtime!);
    assert.equal(text(served.plan(get("/a.txt"), start + REVALIDATE_MS - 1)), "one");
    const second = served.plan(get("/a.txt"), start + REVALIDATE_MS);
    assert.equal(text(second), "two");
    assert.notEqual(tag(second), tag(first));

    // A new inode with the first content has the first tag again.
    Deno.writeTextFileSync(root + "/b", "one");
    Deno.renameSync(root + "/b", root + "/a.txt");
    const third = served.plan(get("/a.txt"), start + 2 * REVALIDATE_MS);
    assert.deepEqual([text(third), tag(third)], ["one", tag(first)]);

    Deno.removeSync(root + "/a.txt");
    const gone = served.plan(get("/a.txt"), start + 3 * REVALIDATE_MS);
    assert.equal(!(gone instanceof Promise) && gone.status, 404);
  }));

Deno.test("Site does not read a settled file again", () =>
  withTree({ "a.txt": "one" }, (root) => {
    const served = site(root);
    const later = Date.now() + 60_000; // the file has long been at rest
    const bytes = (atMs: number) => {
      const plan = served.plan(get("/a.txt"), atMs);
      assert.ok(!(plan instanceof Promise) && plan.content instanceof Uint8Array);
      return plan.content.buffer;
    };
    const first = bytes(later);
    assert.equal(bytes(later + REVALIDATE_MS), first);
    Deno.writeTextFileSync(root + "/a.txt", "another");
    assert.equal(bytes(later + REVALIDATE_MS + 1), first, "fresh for a while");
    assert.notEqual(bytes(later - 1), first, "but not when the clock is set back");
  }));

Deno.test("Site.open() refuses a large file that changed, and the next plan is right", () =>
  withTree({ "big.bin": new Uint8Array(MAX_IN_MEMORY_BYTES + 1) }, (root) => {
    const served = site(root);
    const nowMs = Date.now();
    const plan = served.plan(get("/big.bin"), nowMs) as Plan;
    const content = plan.content as PlannedFile;
    assert.equal(content.kind, "file");
    assert.equal(plan.length, MAX_IN_MEMORY_BYTES + 1);
    assert.match(tag(plan), /^W\//, "its last second is not over");
    const file = served.open(content)!;
    assert.equal(file.facts().size, plan.length);
    file.close();

    Deno.writeFileSync(root + "/new", new Uint8Array(MAX_IN_MEMORY_BYTES + 2));
    Deno.renameSync(root + "/new", root + "/big.bin");
    assert.equal(served.open(content), undefined);
    const next = served.plan(get("/big.bin"), nowMs) as Plan;
    assert.equal(next.length, MAX_IN_MEMORY_BYTES + 2);
    served.open(next.content as PlannedFile)!.close();
    const settled = served.plan(get("/big.bin"), nowMs + 5000);
    assert.match(tag(settled), /^"/);
    assert.equal("W/" + tag(settled), tag(next));
    assert.notEqual(tag(next), tag(plan));
  }));

Deno.test("Site works with no cache at all", () =>
  withTree({ "a.txt": "one", "index.html": "<p>" }, (root) => {
    const served = site(root, { cacheBytes: 0 });
    assert.equal(text(served.plan(get("/a.txt"), Date.now())), "one");
    Deno.writeTextFileSync(root + "/a.txt", "two");
    assert.equal(text(served.plan(get("/a.txt"), Date.now())), "two");
    assert.equal(text(served.plan(get("/"), Date.now())), "<p>");
  }));

Deno.test("Site finds precompressed siblings, but not through links that lead out", () =>
  withTree(
    { "www/a.js": "plain", "www/a.js.gz": "gz", "www/b.js": "plain", "out.br": "secret" },
    (base) => {
      Deno.symlinkSync("../out.br", base + "/www/b.js.br");
      const served = site(base + "/www");
      const accept = { "accept-encoding": "br, gzip" };
      assert.equal(text(served.plan(get("/a.js", accept), Date.now())), "gz");
      assert.equal(text(served.plan(get("/b.js", accept), Date.now())), "plain");
    },
  ));

Deno.test("Site compresses once, off the loop, and answers at once afterwards", () =>
  withTree({ "a.txt": "text ".repeat(1000) }, async (root) => {
    const compressors = new CompressorPool({ cacheBytes: 1e6 });
    const served = new Site(staticOptions({ root, compress: true }), { compressor: compressors });
    const accept = { "accept-encoding": "gzip" };
    const pending = served.plan(get("/a.txt", accept), Date.now());
    assert.ok(pending instanceof Promise);
    const plan = await pending;
    assert.ok(plan.content instanceof Uint8Array);
    assert.equal(new TextDecoder().decode(zlib.gunzipSync(plan.content)), "text ".repeat(1000));
    const again = served.plan(get("/a.txt", accept), Date.now());
    assert.ok(!(again instanceof Promise));
    const none = served.plan(get("/a.txt", { ...accept, "if-none-match": tag(plan) }), Date.now());
    assert.equal((none as Plan).status, 304);
    await compressors.stop();
    // What cannot be compressed goes out as it is, if the client takes that; not to be repeated.
    const late = served.plan(get("/a.txt", { "accept-encoding": "br" }), Date.now());
    assert.equal(text(late), "text ".repeat(1000));
    assert.equal((late as Plan).freshUntilMs, 0);
    const refused = get("/a.txt", { "accept-encoding": "br, identity;q=0" });
    assert.equal((served.plan(refused, Date.now()) as Plan).status, 503);
  }));

Deno.test("Site links nothing that it would not serve", () =>
  withTree({
    "a:b?c#d%.txt": "x",
    "d/index.html": "x",
    "e/f": "x",
    ".dot": "x",
    "q\\r": "x",
    "<x>\n": "x",
  }, async (root) => {
    run("mkfifo", root + "/fifo");
    Deno.symlinkSync("/etc", root + "/out");
    run("bash", "-c", `touch "${root}"/$'bad\\xff'`);
    const served = site(root);
    const { text: html } = await list(served, "/");
    const hrefs = [...html.matchAll(/<td><a [^>]*href="([^"]+)"/g)].map(([, href]) => href);
    assert.equal(hrefs.length, 4, hrefs.join(" "));
    for (const href of hrefs) {
      const { pathname } = new URL(href, "http://host/");
      assert.equal((await served.plan(get(pathname), Date.now())).status, 200, href);
    }
    const { text: json } = await list(served, "/?format=json");
    assert.deepEqual(
      JSON.parse(json).entries.map(({ url }: { url: string | null }) => url).filter(Boolean),
      hrefs,
    );
  }));

Deno.test("Site answers 503 when there is no room for a listing", () =>
  withTree({ "d/x": "x" }, async (root) => {
    const room = new ListingRoom();
    const served = new Site(staticOptions({ root }), { room });
    room.hold(MAX_HELD_ENTRIES);
    const plan = await served.plan(get("/d/"), Date.now());
    assert.equal(plan.status, 503);
    assert.equal(new Map(plan.fields).get("Retry-After"), "2");
    assert.equal(text(plan), "503 Service Unavailable: too many directories are being listed\n");
    assert.equal((await served.plan(get("/d/x"), Date.now())).status, 200, "files need no room");
    room.hold(-MAX_HELD_ENTRIES);
    assert.match((await list(served, "/d/")).text, /<bdi>x</);
  }));

Deno.test("Site lists many names without holding the event loop", () =>
  withTree({}, async (root) => {
    const COUNT = 20_000;
    for (let n = 0; n < COUNT; n++) Deno.createSync(`${root}/file-${n}.txt`).close();
    const served = site(root);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const [one, two] = await Promise.all([
      list(served, "/"),
      list(served, "/?sort=date&order=desc"),
    ]);
    clearInterval(timer);
    assert.ok(turns >= 10, `${turns} turns for others`);
    for (const { text, pieces, piecesAtOnce } of [one, two]) {
      assert.ok(piecesAtOnce < pieces / 2, `${piecesAtOnce} of ${pieces} pieces in one turn`);
      assert.equal(text.match(/<tr><td><a /g)!.length, COUNT);
      assert.ok(pieces > 100);
    }
    assert.ok(one.text.indexOf(">file-2.txt<") < one.text.indexOf(">file-10.txt<"));
  }));

Deno.test("Site keeps nothing fresh when the clock is set back", () =>
  withTree({ "a.txt": "one" }, (root) => {
    const served = site(root);
    const nowMs = Date.now();
    assert.equal(text(served.plan(get("/a.txt"), nowMs)), "one");
    Deno.writeTextFileSync(root + "/a.txt", "three");
    for (const fields of [{}, { range: "bytes=0-" }] as Record<string, string>[]) {
      const plan = served.plan(get("/a.txt", fields), nowMs - 3_600_000);
      assert.equal(text(plan), "three", JSON.stringify(fields));
    }
  }));

Deno.test("Site uses no compressed copy that is older than its file, and says so once", () =>
  withTree({ "a.js": "let a;", "a.js.gz": "old", "a.js.br": "new" }, (root) => {
    const at = (name: string, ms: number) =>
      Deno.utimeSync(`${root}/${name}`, ms / 1000, ms / 1000);
    const encoding = (served: Site, nowMs: number) => {
      const plan = served.plan(get("/a.js", { "accept-encoding": "gzip" }), nowMs) as Plan;
      return plan.fields.find(([name]) => name === "Content-Encoding")?.[1];
    };
    const second = 1_700_000_000_000;
    const cases: [fileMs: number, copyMs: number, encoding: string | undefined][] = [
      [second, second, "gzip"],
      [second, second + 5000, "gzip"],
      [second + 250, second + 250, "gzip"],
      // Kept by a tool that knows whole seconds only.
      [second + 250, second, "gzip"],
      [second + 250, second + 249, undefined],
      [second + 1000, second, undefined],
      [second + 60_000, second, undefined],
    ];
    for (const [fileMs, copyMs, wanted] of cases) {
      at("a.js", fileMs);
      at("a.js.gz", copyMs);
      const lines: string[] = [];
      const served = new Site(staticOptions({ root }), { note: (line) => lines.push(line) });
      for (let look = 0; look < 3; ++look) {
        const nowMs = Date.now() + look * REVALIDATE_MS;
        assert.equal(encoding(served, nowMs), wanted, `${fileMs} ${copyMs}`);
      }
      const told = lines.filter((line) => line.includes("a.js.gz"));
      assert.equal(told.length, wanted === undefined ? 1 : 0, lines.join());
    }
    // Written anew it is used again.
    const served = site(root);
    assert.equal(encoding(served, Date.now()), undefined);
    Deno.writeTextFileSync(root + "/a.js.gz", "new");
    assert.equal(encoding(served, Date.now() + REVALIDATE_MS), "gzip");
  }));

Deno.test("Site tags a large file by its content as soon as that is known", () =>
  withTree({ "large.bin": new Uint8Array(MAX_IN_MEMORY_BYTES + 1) }, (root) => {
    const known: { tag?: string } = {};
    const asked: string[] = [];
    const tags = { tagOf: ({ path }: { path: string }) => (asked.push(path), known.tag) };
    const served = new Site(staticOptions({ root }), { tags });
    const tagAt = (nowMs: number) => {
      const plan = served.plan(get("/large.bin"), nowMs) as Plan;
      return plan.fields.find(([name]) => name === "ETag")![1];
    };
    const nowMs = Date.now();
    assert.match(tagAt(nowMs), /^W\//);
    assert.deepEqual(asked, [], "a later write could leave these facts alone");
    const settled = tagAt(nowMs + 5000);
    assert.match(settled, /^"/);
    assert.deepEqual(asked, ["large.bin"]);
    known.tag = '"content"';
    assert.equal(tagAt(nowMs + 6000), known.tag);
    assert.equal(tagAt(nowMs + 7000), known.tag);
    assert.equal(asked.length, 2, "it is kept");
  }));
