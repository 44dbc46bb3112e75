import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  type Entry,
  EntryPack,
  PACK_ENTRIES,
  PackedEntries,
} from "../../../servers/files/entry_pack.ts";
import { LISTING_FIELDS, writeListing } from "../../../servers/files/listing.ts";
import { htmlText } from "../../../servers/files/page.ts";
import {
  type ListingSort,
  listingSort,
  sortEntries,
} from "../../../servers/files/listing_order.ts";

const byName = { key: "name", descending: false } as const;

function file(name: string, more: Partial<Entry> = {}): Entry {
  return {
    name,
    kind: "file",
    size: 1,
    mtimeMs: Date.UTC(2026, 0, 2, 3, 4),
    linked: true,
    ...more,
  };
}

function directory(name: string): Entry {
  return { ...file(name), kind: "directory", size: 0 };
}

function page(entries: Entry[], segments: string[] = []): string {
  return [...writeListing({ segments, entries, sort: byName }, "html")].join("");
}

/** Names in the order of `sort`, and the steps of sorting, with `packEntries` entries to a pack. */
function sorting(entries: Entry[], sort: ListingSort, packEntries = PACK_ENTRIES) {
  const packs: EntryPack[] = [];
  for (let at = 0; at < entries.length; at += packEntries) {
    packs.push(new EntryPack(entries.slice(at, at + packEntries)));
  }
  const steps = sortEntries(packs, sort.key);
  let count = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) ++count;
  return { steps: count, names: Array.from(step.value.inOrder(sort), ({ name }) => name) };
}

function sorted(entries: Entry[], sort: ListingSort): string[] {
  const { names } = sorting(entries, sort);
  for (const packEntries of [1, 2]) {
    assert.deepEqual(sorting(entries, sort, packEntries).names, names, "however packed");
  }
  return names;
}

Deno.test("EntryPack gives back what it was made from", () => {
  const entries = [
    file("a", { size: 2 ** 40 + 1, mtimeMs: 1.5 }),
    directory(""),
    file("\ufeffü€😀\ufffd", { linked: false }),
    file("x".repeat(255), { mtimeMs: -1 }),
  ];
  const pack = new EntryPack(entries);
  assert.equal(pack.length, entries.length);
  assert.deepEqual([...pack], entries);
  assert.deepEqual(pack.at(2), entries[2]);
  assert.deepEqual([...new EntryPack([])], []);
});

Deno.test("listingSort() reads the query and ignores what it does not know", () => {
  const of = (query: string) => listingSort(new URLSearchParams(query));
  assert.deepEqual(of(""), byName);
  assert.deepEqual(of("sort=size&order=desc"), { key: "size", descending: true });
  assert.deepEqual(of("sort=date&order=asc"), { key: "date", descending: false });
  assert.deepEqual(of("sort=evil&order=evil"), byName);
});

Deno.test("sortEntries() puts directories first and numbers by value", () => {
  const entries = [
    file("b10"),
    file("B2"),
    file("a"),
    directory("z"),
    file("b2"),
    file("b02"),
    directory("y"),
  ];
  assert.deepEqual(sorted(entries, byName), ["y", "z", "a", "B2", "b02", "b2", "b10"]);
  assert.deepEqual(sorted(entries, { key: "name", descending: true }), [
    "z",
    "y",
    "b10",
    "b2",
    "b02",
    "B2",
    "a",
  ]);
});

Deno.test("sortEntries() sorts by size and date, ties by name", () => {
  const entries = [
    file("a", { size: 3, mtimeMs: 1 }),
    file("c", { size: 1, mtimeMs: 3 }),
    file("b", { size: 1, mtimeMs: 2 }),
  ];
  assert.deepEqual(sorted(entries, { key: "size", descending: false }), ["b", "c", "a"]);
  assert.deepEqual(sorted(entries, { key: "size", descending: true }), ["a", "c", "b"]);
  assert.deepEqual(sorted(entries, { key: "date", descending: true }), ["c", "b", "a"]);
});

Deno.test("sortEntries() sorts many in short steps", () => {
  const entries = Array.from({ length: 20_000 }, (_, n) => file(`f${(n * 7919) % 20_000}`));
  const { steps, names } = sorting(entries, byName);
  // Each pack is sorted, and as many entries are merged at a time.
  const packs = entries.length / PACK_ENTRIES;
  assert.equal(steps, Math.ceil(packs) + Math.floor(packs));
  assert.deepEqual(names, entries.map((_, n) => `f${n}`));
  assert.deepEqual(sorting([], byName), { steps: 0, names: [] });
});

Deno.test("PackedEntries numbers the entries of all packs", () => {
  const entries = Array.from({ length: 5 }, (_, n) => file(`f${n}`));
  for (const packEntries of [1, 2, 3, 5]) {
    const packs: EntryPack[] = [];
    for (let at = 0; at < entries.length; at += packEntries) {
      packs.push(new EntryPack(entries.slice(at, at + packEntries)));
    }
    const all = new PackedEntries(packs);
    assert.equal(all.length, entries.length);
    assert.deepEqual(entries.map((_, n) => all.at(n)), entries);
  }
});

Deno.test("writeListing() escapes every name in HTML and in URLs", () => {
  const cases: [entry: Entry, href: string, shown: string][] = [
    [
      file(`<img src=x onerror="alert('1')">&.txt`),
      "%3Cimg%20src%3Dx%20onerror%3D%22alert%28%271%27%29%22%3E%26.txt",
      "&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;.txt",
    ],
    [file("javascript:alert(1)"), "javascript%3Aalert%281%29", "javascript:alert(1)"],
    [file("//evil.example"), "%2F%2Fevil.example", "//evil.example"],
    [file("a?b#c%41"), "a%3Fb%23c%2541", "a?b#c%41"],
    [file("ü€😀"), "%C3%BC%E2%82%AC%F0%9F%98%80", "ü€😀"],
    [file("a\nb\x7f\x01"), "a%0Ab%7F%01", "a␊b␡␁"],
    [directory("sub dir"), "sub%20dir/", "sub dir"],
  ];
  for (const [entry, href, shown] of cases) {
    const html = page([entry]);
    assert.ok(html.includes(` href="${href}">`), html.slice(html.indexOf("<tbody>")));
    assert.ok(html.includes(`<bdi>${shown}</bdi>`), shown);
  }
  const title = page([], ["</title><script>"]);
  assert.ok(!title.includes("</title><script>"));
  assert.equal(htmlText("a\x85b"), "a\ufffdb");
});

Deno.test("writeListing() shows without link what no URL can name", () => {
  const html = page([file("bad\ufffd", { linked: false })]);
  assert.match(html, /<span class="file" title="[^"]+"><bdi>bad\ufffd<\/bdi><\/span>/);
  assert.doesNotMatch(html, /href="bad/);
});

Deno.test("writeListing() links breadcrumbs, the parent and the sort orders", () => {
  const html = page([file("x")], ["a", "b&c", "d"]);
  for (
    const href of [
      "../../../",
      "../../",
      "../",
      "?sort=name&amp;order=desc",
      "?sort=size&amp;order=asc",
    ]
  ) {
    assert.ok(html.includes(`href="${href}"`), href);
  }
  assert.ok(html.includes('<a href="../"><bdi>b&amp;c</bdi></a>'));
  assert.ok(html.includes('aria-sort="ascending"'));
  assert.ok(!page([file("x")]).includes('href="../"'), "the root has no parent");
});

Deno.test("writeListing() needs nothing but what its policy allows", () => {
  const html = page([file("a.png"), directory("d")], ["x"]);
  const policy = new Map(LISTING_FIELDS.html).get("Content-Security-Policy")!;
  for (const tag of ["style", "script"]) {
    const contents = [...html.matchAll(new RegExp(`<${tag}>([^]*?)</${tag}>`, "g"))];
    assert.equal(contents.length, 1);
    const digest = createHash("sha256").update(contents[0][1]).digest("base64");
    assert.ok(policy.includes(`${tag}-src 'sha256-${digest}'`), tag);
  }
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(html, /\sstyle=|\son\w+=|https?:\/\/(?!www\.w3\.org)/);
  assert.doesNotMatch(html, /\ssrc=|@import|<link(?! rel="icon" href="data:)/);
});

Deno.test("writeListing() writes JSON with a URL for what has one", () => {
  const entries = [
    directory("d"),
    file("a:b", { size: 1234 }),
    file("bad\ufffd", { linked: false, mtimeMs: 0 }),
  ];
  const text = [...writeListing({ segments: ["x", "y"], entries, sort: byName }, "json")].join("");
  assert.deepEqual(JSON.parse(text), {
    path: "/x/y/",
    entries: [
      { name: "d", type: "directory", size: null, modified: "2026-01-02T03:04:00.000Z", url: "d/" },
      { name: "a:b", type: "file", size: 1234, modified: "2026-01-02T03:04:00.000Z", url: "a%3Ab" },
      { name: "bad\ufffd", type: "file", size: null, modified: null, url: null },
    ],
  });
  assert.deepEqual(
    JSON.parse([...writeListing({ segments: [], entries: [], sort: byName }, "json")].join("")),
    {
      path: "/",
      entries: [],
    },
  );
});

Deno.test("writeListing() asks for no entry before its second piece", () => {
  for (const format of ["html", "json"] as const) {
    let isAsked = false;
    const entries = {
      *[Symbol.iterator]() {
        isAsked = true;
        yield file("x");
      },
    };
    const pieces = writeListing({ segments: ["d"], entries, sort: byName }, format);
    assert.match(pieces.next().value!, format === "html" ? /Parent directory/ : /"path":"\/d\/"/);
    assert.equal(isAsked, false);
    assert.match(pieces.next().value!, /x/);
    assert.equal(isAsked, true);
  }
});

Deno.test("writeListing() comes in bounded pieces", () => {
  const entries = Array.from({ length: 5000 }, (_, n) => file(`name-${n}.txt`));
  const pieces = [...writeListing({ segments: [], entries, sort: byName }, "html")];
  assert.ok(pieces.length > 20);
  assert.ok(pieces.join("").includes(">5,000 files, 4.88 KiB<"));
  assert.ok(pieces.every((piece) => piece.length < 40_000));
});
