/** Ranges and conditional requests at the socket: RFC 9110 sections 13 and 14. */
import assert from "node:assert/strict";
import { contentTag } from "../../../servers/files/content_tag.ts";
import { checkFields, type FileServer, withFiles } from "../../support/file_server.ts";
import { until } from "../../support/until.ts";

const TEXT = "0123456789abcdefghij";
/** Larger than what is kept in memory: it goes another way. */
const LARGE_BYTES = 3 * 1024 ** 2;
const LARGE = new Uint8Array(LARGE_BYTES).map((_, at) => 97 + at % 26);
const large = (first: number, last: number) =>
  new TextDecoder().decode(LARGE.subarray(first, last + 1));

/** Date of Last-Modified: long ago, so that validators are strong. */
const MODIFIED = new Date("2020-02-02T02:02:02Z");
const DATE = MODIFIED.toUTCString();
const EARLIER = new Date("2019-01-01T00:00:00Z").toUTCString();
const LATER = new Date("2021-01-01T00:00:00Z").toUTCString();

function withTwoFiles(use: (server: FileServer) => Promise<void>): Promise<void> {
  return withFiles({ "a.txt": TEXT, "large.bin": LARGE }, {}, async (server) => {
    for (const name of ["a.txt", "large.bin"]) {
      Deno.utimeSync(`${server.root}/${name}`, MODIFIED, MODIFIED);
    }
    await untilTagged(server);
    await use(server);
  });
}

/** Waits for the tag that stays: a large file has one of its facts until its content is hashed. */
function untilTagged({ ask }: FileServer): Promise<void> {
  const wanted = contentTag(LARGE);
  return until(async () => (await ask("/large.bin", { method: "HEAD" })).fields.etag === wanted);
}

Deno.test("ktcp http --dir answers ranges", () =>
  withTwoFiles(async ({ ask }) => {
    const end = LARGE_BYTES - 1;
    const cases: [target: string, range: string, range: string | null, content: string][] = [
      ["/a.txt", "bytes=0-4", "bytes 0-4/20", "01234"],
      ["/a.txt", "bytes=5-", "bytes 5-19/20", TEXT.slice(5)],
      ["/a.txt", "bytes=-3", "bytes 17-19/20", "hij"],
      ["/a.txt", "bytes=-1000", "bytes 0-19/20", TEXT],
      ["/a.txt", "bytes=18-1000", "bytes 18-19/20", "ij"],
      ["/a.txt", "BYTES=0-0", "bytes 0-0/20", "0"],
      ["/a.txt", "bytes=0-1, 1-4", "bytes 0-4/20", "01234"],
      [
        "/large.bin",
        "bytes=1000000-1000009",
        `bytes 1000000-1000009/${LARGE_BYTES}`,
        large(1e6, 1e6 + 9),
      ],
      ["/large.bin", "bytes=-10", `bytes ${end - 9}-${end}/${LARGE_BYTES}`, large(end - 9, end)],
      ["/large.bin", "bytes=2000000-", `bytes 2000000-${end}/${LARGE_BYTES}`, large(2e6, end)],
      // Ignored: another unit, malformed, the wrong way round, abusive
      ["/a.txt", "lines=0-4", null, TEXT],
      ["/a.txt", "bytes=", null, TEXT],
      ["/a.txt", "bytes=0-5x", null, TEXT],
      ["/a.txt", "bytes=5-1", null, TEXT],
      ["/a.txt", "bytes=" + "0-0,".repeat(100), null, TEXT],
    ];
    for (const [target, range, contentRange, content] of cases) {
      for (let i = 0; i < 2; ++i) {
        const { status, fields, body } = await ask(target, { fields: { Range: range } });
        const label = `${target} ${range}`;
        assert.equal(status, contentRange === null ? 200 : 206, label);
        checkFields(fields, { "content-range": contentRange }, label);
        assert.equal(body, content, label);
      }
      const head = await ask(target, { method: "HEAD", fields: { Range: range } });
      assert.equal(head.status, 200, `HEAD ignores ${range}`);
      checkFields(head.fields, { "content-range": null }, range);
    }
    for (const range of ["bytes=20-", "bytes=100-200", "bytes=-0"]) {
      const { status, fields } = await ask("/a.txt", { fields: { Range: range } });
      assert.equal(status, 416, range);
      checkFields(fields, { "content-range": "bytes */20" }, range);
    }
    assert.equal((await ask("/a.txt")).body, TEXT, "none of it is remembered for others");
  }));

Deno.test("ktcp http --dir answers several ranges as multipart/byteranges", () =>
  withTwoFiles(async ({ ask }) => {
    const cases: [target: string, ranges: [first: number, last: number][], whole: string][] = [
      ["/a.txt", [[0, 1], [5, 9], [19, 19]], TEXT],
      ["/a.txt", [[15, 19], [0, 4]], TEXT],
      [
        "/large.bin",
        [[0, 9], [1e6, 1e6 + 300_000], [LARGE_BYTES - 5, LARGE_BYTES - 1]],
        large(0, LARGE_BYTES),
      ],
    ];
    for (const [target, ranges, whole] of cases) {
      const asked = ranges.map(([first, last]) => `${first}-${last}`).join(", ");
      const { status, fields, body } = await ask(target, { fields: { Range: `bytes=${asked}` } });
      assert.equal(status, 206);
      checkFields(fields, { "content-range": null }, asked);
      const boundary = /^multipart\/byteranges; boundary=(\w+)$/.exec(fields["content-type"])![1];
      const parts = body.split(`--${boundary}`);
      assert.equal(parts.shift(), "");
      assert.equal(parts.pop(), "--\r\n");
      assert.deepEqual(
        parts.map((part) => part.slice(part.indexOf("\r\n\r\n") + 4, -2)),
        ranges.map(([first, last]) => whole.slice(first, last + 1)),
      );
      parts.forEach((part, at) => {
        assert.match(
          part,
          new RegExp(`Content-Range: bytes ${ranges[at].join("-")}/${whole.length}\r`),
        );
      });
      assert.equal(Number(fields["content-length"]), body.length);
    }
  }));

Deno.test("ktcp http --dir judges preconditions in their order", () =>
  withTwoFiles(async ({ ask }) => {
    for (const target of ["/a.txt", "/large.bin"]) {
      const { fields: { etag } } = await ask(target, { method: "HEAD" });
      const cases: [fields: Record<string, string>, status: number][] = [
        [{ "If-None-Match": etag }, 304],
        [{ "If-None-Match": `W/${etag}` }, 304],
        [{ "If-None-Match": `"x", ${etag}` }, 304],
        [{ "If-None-Match": "*" }, 304],
        [{ "If-None-Match": '"x"' }, 200],
        [{ "If-Modified-Since": DATE }, 304],
        [{ "If-Modified-Since": LATER }, 304],
        [{ "If-Modified-Since": EARLIER }, 200],
        [{ "If-Modified-Since": "yesterday" }, 200],
        [{ "If-None-Match": '"x"', "If-Modified-Since": DATE }, 200],
        [{ "If-Match": etag }, 200],
        [{ "If-Match": "*" }, 200],
        [{ "If-Match": '"x"' }, 412],
        [{ "If-Match": `W/${etag}` }, 412],
        [{ "If-Unmodified-Since": EARLIER }, 412],
        [{ "If-Unmodified-Since": DATE }, 200],
        [{ "If-Unmodified-Since": "soon" }, 200],
        [{ "If-Match": etag, "If-Unmodified-Since": EARLIER }, 200],
        [{ "If-Match": '"x"', "If-None-Match": etag }, 412],
        [{ "If-Match": etag, "If-None-Match": etag }, 304],
        // If-Range
        [{ "Range": "bytes=0-0", "If-Range": etag }, 206],
        [{ "Range": "bytes=0-0", "If-Range": '"x"' }, 200],
        [{ "Range": "bytes=0-0", "If-Range": `W/${etag}` }, 200],
        [{ "Range": "bytes=0-0", "If-Range": DATE }, 206],
        [{ "Range": "bytes=0-0", "If-Range": LATER }, 200],
        [{ "Range": "bytes=0-0", "If-None-Match": etag }, 304],
        [{ "Range": "bytes=999999999-", "If-None-Match": etag }, 304],
        [{ "Range": "bytes=999999999-", "If-Range": '"x"' }, 200],
      ];
      for (const [fields, status] of cases) {
        const answer = await ask(target, { fields });
        const label = `${target} ${JSON.stringify(fields)}`;
        assert.equal(answer.status, status, label);
        if (status !== 304) continue;
        assert.equal(answer.body, "");
        checkFields(answer.fields, { etag, "cache-control": "no-cache" }, label);
        checkFields(answer.fields, { "content-type": null, "content-length": null }, label);
      }
    }
  }));

Deno.test("ktcp http --dir serves a changed file anew within a second, with another tag", () =>
  withFiles({ "a.txt": "before", "big.bin": new Uint8Array(2 << 20) }, {}, async (server) => {
    const { ask, root } = server;
    const changes: [target: string, change: () => void][] = [
      ["/a.txt", () => Deno.writeTextFileSync(`${root}/a.txt`, "behind")],
      ["/a.txt", () => {
        Deno.writeTextFileSync(`${root}/new`, "a new inode");
        Deno.renameSync(`${root}/new`, `${root}/a.txt`);
      }],
      ["/big.bin", () => Deno.writeFileSync(`${root}/big.bin`, new Uint8Array(2 << 20).fill(1))],
    ];
    for (const [target, change] of changes) {
      const before = await ask(target);
      change();
      const changedMs = performance.now();
      for (;;) {
        const askedMs = performance.now();
        const now = await ask(target);
        if (now.body !== before.body) {
          assert.notEqual(now.fields.etag, before.fields.etag);
          break;
        }
        assert.ok(askedMs - changedMs < 1000, `${target} is stale after a second`);
      }
      const stale = { "If-None-Match": before.fields.etag };
      if (before.fields.etag.startsWith('"')) {
        assert.equal((await ask(target, { fields: stale })).status, 200);
      }
    }
    Deno.removeSync(`${root}/a.txt`);
    const removedMs = performance.now();
    while ((await ask("/a.txt")).status === 200) {
      assert.ok(performance.now() - removedMs < 1000, "a removed file is gone within a second");
    }
  }));
