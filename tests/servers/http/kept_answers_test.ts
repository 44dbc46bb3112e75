/**
 * Responses that the core keeps: repeated without the host, and never stale.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { serve } from "../../../servers/mod.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { exchange } from "../../../bench/check/http/raw_client.ts";

const SIZES = [0, 1, 1024, 4096, 30_000, 200_000, 1 << 20];

/** Content that differs at every place and between sizes. */
function contentOf(size: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255);
}

async function withSite(
  run: (site: { root: string; port: number }) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "ktcp-kept-" });
  const server = await serve({
    service: { kind: "http", content: "dir", directory: { root }, limits: DEFAULT_LIMITS },
  });
  try {
    await run({ root, port: server.port });
  } finally {
    await server.stop(1000);
    await Deno.remove(root, { recursive: true });
  }
}

async function get(port: number, requests: { method?: string; path: string; fields?: string }[]) {
  const text = requests.map(({ method = "GET", path, fields = "" }) =>
    `${method} ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
  ).join("");
  const { responses } = await exchange({ hostname: "127.0.0.1", port }, [latin1Bytes(text)], {
    until: requests.length,
    methods: requests.map(({ method = "GET" }) => method),
    deadlineMs: 5000,
  });
  return responses;
}

Deno.test("files of every size come back whole, first and repeated, alone and pipelined", () =>
  withSite(async ({ root, port }) => {
    for (const size of SIZES) Deno.writeFileSync(`${root}/f${size}.bin`, contentOf(size, size));
    const requests = SIZES.flatMap((size) => {
      const path = `/f${size}.bin`;
      return [{ path }, { path }, { method: "HEAD", path }, {
        path,
        fields: "Accept-Encoding: gzip\r\n",
      }];
    });
    for (let round = 0; round < 3; ++round) {
      const answers = await get(port, requests);
      requests.forEach(({ method, path }, i) => {
        const size = Number(/\d+/.exec(path)![0]);
        assert.equal(answers[i].status, 200, path);
        const body = latin1Bytes(answers[i].body as string);
        const wanted = method === "HEAD" ? new Uint8Array(0) : contentOf(size, size);
        assert.ok(
          body.length === wanted.length && body.every((byte, at) => byte === wanted[at]),
          path,
        );
      });
    }
  }));

Deno.test("requests that are not plain are never answered with what is kept", () =>
  withSite(async ({ root, port }) => {
    Deno.writeFileSync(`${root}/a.bin`, contentOf(1000, 1));
    const [first] = await get(port, [{ path: "/a.bin" }, { path: "/a.bin" }]);
    const tag = first.fields.find(([name]) => name.toLowerCase() === "etag")![1];
    const statuses = (await get(port, [
      { path: "/a.bin", fields: "Range: bytes=0-9\r\n" },
      { path: "/a.bin", fields: `If-None-Match: ${tag}\r\n` },
      { path: "/a.bin?x" },
      { path: "/A.bin" },
      { path: "/a.bin", fields: "Accept-Encoding: identity;q=0\r\n" },
      { path: "/a.bin" },
    ])).map(({ status }) => status);
    assert.deepEqual(statuses, [206, 304, 200, 404, 406, 200]);
  }));

Deno.test("a file that changes is served anew within a second", () =>
  withSite(async ({ root, port }) => {
    for (const seed of [1, 2, 3]) {
      Deno.writeFileSync(`${root}/a.bin`, contentOf(50_000, seed));
      const changedMs = performance.now();
      for (;;) {
        const sinceMs = performance.now() - changedMs;
        const [answer] = await get(port, [{ path: "/a.bin" }]);
        if (latin1Bytes(answer.body as string)[0] === contentOf(1, seed)[0]) break;
        assert.ok(sinceMs < 1000, `${sinceMs} ms after the change the old content came`);
      }
    }
  }));
