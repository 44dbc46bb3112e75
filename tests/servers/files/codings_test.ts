/** Content codings at the socket: precompressed files, compression on the fly, negotiation. */
import assert from "node:assert/strict";
import zlib from "node:zlib";
import { ServerProcess } from "../../../tools/soak/server_process.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import { withTree } from "./tree.ts";
import {
  type Answered,
  checkFields,
  FileClient,
  type FileServer,
  type Tree,
  withFiles,
} from "../../support/file_server.ts";
import { FEW_SETUPS, forEachSetup, setupArgs } from "../../support/setups.ts";

const TEXT = "All work and no play. ".repeat(2000);
const DECODERS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  br: zlib.brotliDecompressSync,
  gzip: zlib.gunzipSync,
  zstd: zlib.zstdDecompressSync,
};

/** The text that content in `coding` stands for. */
function decoded(body: string, coding: string | undefined): string {
  const bytes = latin1Bytes(body);
  return new TextDecoder().decode(coding === undefined ? bytes : DECODERS[coding](bytes));
}

const TREE: Tree = {
  "all.js": "plain",
  "all.js.br": zlib.brotliCompressSync("brotli"),
  "all.js.zst": zlib.zstdCompressSync("zstd"),
  "all.js.gz": zlib.gzipSync("gzip"),
  "one.css": "plain",
  "one.css.gz": zlib.gzipSync("gzip"),
  "none.txt": "plain",
  "none.png": "plain",
};

Deno.test("ktcp http --dir sends the precompressed file that the client likes best", () =>
  withFiles(TREE, {}, async ({ ask }) => {
    const cases: [target: string, accept: string | undefined, content: string][] = [
      ["/all.js", undefined, "plain"],
      ["/all.js", "", "plain"],
      ["/all.js", "gzip, deflate, br, zstd", "brotli"],
      ["/all.js", "gzip;q=1.0, br;q=0.5", "gzip"],
      ["/all.js", "zstd, br;q=0", "zstd"],
      ["/all.js", "*", "brotli"],
      ["/all.js", "identity", "plain"],
      ["/all.js", "deflate", "plain"],
      ["/all.js", "GZIP", "gzip"],
      ["/all.js", "x-gzip", "gzip"],
      ["/one.css", "br, gzip", "gzip"],
      ["/one.css", "br", "plain"],
    ];
    for (const [target, accept, content] of cases) {
      const label = `${target} ${accept}`;
      // Three times: planned, remembered, repeated by the core; never mixed up with others.
      for (let i = 0; i < 3; ++i) {
        const fields: Record<string, string> = {};
        if (accept !== undefined) fields["Accept-Encoding"] = accept;
        const answer = await ask(target, { fields });
        const coding = answer.fields["content-encoding"];
        assert.equal(decoded(answer.body, coding), content, label);
        assert.equal(coding === undefined, content === "plain", label);
        checkFields(answer.fields, { vary: "Accept-Encoding" }, label);
        assert.match(answer.fields["content-type"], target.endsWith("js") ? /javascript/ : /css/);
      }
    }
    const tags = new Set<string>();
    for (const accept of ["br", "gzip", "zstd", "identity"]) {
      tags.add((await ask("/all.js", { fields: { "Accept-Encoding": accept } })).fields.etag);
    }
    assert.equal(tags.size, 4, "each representation has its own tag");
  }));

Deno.test("ktcp http --dir sends a .gz asked for by name as it is", () =>
  withFiles(TREE, { compress: true }, async ({ ask }) => {
    const { fields, body } = await ask("/one.css.gz", { fields: { "Accept-Encoding": "gzip" } });
    checkFields(
      fields,
      { "content-encoding": null, "content-type": "application/gzip" },
      "by name",
    );
    assert.equal(decoded(body, "gzip"), "gzip");
  }));

Deno.test("ktcp http --dir answers 406 when nothing is acceptable", () =>
  withFiles(TREE, {}, async ({ ask }) => {
    const cases: [target: string, accept: string, status: number][] = [
      ["/none.txt", "identity;q=0", 406],
      ["/none.txt", "*;q=0", 406],
      ["/none.txt", "gzip, identity;q=0", 406],
      ["/one.css", "gzip, identity;q=0", 200],
      ["/one.css", "br, *;q=0", 406],
    ];
    for (const [target, accept, status] of cases) {
      const answer = await ask(target, { fields: { "Accept-Encoding": accept } });
      assert.equal(answer.status, status, `${target} ${accept}`);
      // The error itself is worded by Accept.
      const vary = status === 406 ? "Accept, Accept-Encoding" : "Accept-Encoding";
      checkFields(answer.fields, { vary }, accept);
    }
  }));

/** Asks until a copy comes: on a busy machine the first one may take longer than an answer waits. */
async function untilCoded(ask: FileServer["ask"], target: string): Promise<Answered> {
  const deadlineMs = performance.now() + 20_000;
  for (;;) {
    const answer = await ask(target, { fields: { "Accept-Encoding": "br" } });
    if (answer.fields["content-encoding"] === "br") return answer;
    assert.ok(performance.now() < deadlineMs, `${target}: no copy within 20 s`);
  }
}

Deno.test("ktcp http --compress compresses text on the fly", () =>
  withFiles(
    { "a.txt": TEXT, "small.txt": "x", "b.png": TEXT, "c.json": JSON.stringify([TEXT]) },
    { compress: true },
    async ({ ask }) => {
      await untilCoded(ask, "/a.txt");
      for (const accept of ["br", "gzip", "zstd", "gzip, br"]) {
        const fields = { "Accept-Encoding": accept };
        for (let i = 0; i < 3; ++i) {
          const answer = await ask("/a.txt", { fields });
          const coding = answer.fields["content-encoding"];
          assert.equal(coding, accept === "gzip, br" ? "br" : accept);
          assert.equal(decoded(answer.body, coding), TEXT);
          assert.ok(answer.body.length < TEXT.length / 10);
          assert.equal(Number(answer.fields["content-length"]), answer.body.length);
          const { etag } = answer.fields;
          const again = await ask("/a.txt", { fields: { ...fields, "If-None-Match": etag } });
          assert.equal(again.status, 304);
        }
      }
      const fields = { "Accept-Encoding": "gzip" };
      const json = await ask("/c.json", { fields });
      assert.equal(decoded(json.body, json.fields["content-encoding"]), JSON.stringify([TEXT]));
      for (const target of ["/small.txt", "/b.png"]) {
        checkFields((await ask(target, { fields })).fields, { "content-encoding": null }, target);
      }
      const range = { ...fields, Range: "bytes=0-9" };
      const part = await ask("/a.txt", { fields: range });
      assert.equal(part.status, 206, "ranges are of the compressed copy");
      const whole = await ask("/a.txt", { fields });
      assert.equal(part.body, whole.body.slice(0, 10));
    },
  ));

/** Texts of one MiB that differ, each some ten milliseconds of work for a compressor. */
function largeTexts(count: number): Tree {
  const text = new Uint8Array(1 << 20).map((_, i) => 97 + ((i * i) >> 7) % 23);
  return Object.fromEntries(Array.from({ length: count }, (_, index) => {
    const one = text.slice();
    one.set(new TextEncoder().encode(`${index} `));
    return [`${index}.txt`, one];
  }));
}

forEachSetup(FEW_SETUPS, (setup) => {
  const { label } = setup;

  Deno.test(`ktcp http --compress sends copies in setup ${label}, and ends at once while some wait`, () =>
    withTree({ "a.txt": TEXT, ...largeTexts(6) }, async (root) => {
      const args = ["http", "--port", "0", "--dir", root, ...setupArgs(setup), "--compress"];
      await using server = await ServerProcess.start([...args, "--grace", "60s"]);
      const address = { hostname: "127.0.0.1", port: server.port };
      const clients = await Promise.all(
        Array.from({ length: 6 }, () => FileClient.connect(address)),
      );
      const ask: FileServer["ask"] = (target, asked) => clients[0].ask(target, asked);
      const copy = await untilCoded(ask, "/a.txt");
      assert.equal(decoded(copy.body, "br"), TEXT);
      const head = await ask("/a.txt", { method: "HEAD", fields: { "Accept-Encoding": "br" } });
      assert.equal(head.fields["content-length"], copy.fields["content-length"]);
      assert.equal(head.fields.etag, copy.fields.etag);
      // The first one comes when others wait.
      const all = clients.map((client, index) =>
        client.ask(`/${index}.txt`, { fields: { "Accept-Encoding": "br" } })
      );
      await Promise.race(all);
      const ended = server.stop();
      for (const answer of await Promise.allSettled(all)) {
        // Not whole is none: a request that the server has not seen by then.
        if (answer.status === "fulfilled") assert.equal(answer.value.status, 200);
      }
      for (const client of clients) await client[Symbol.asyncDispose]();
      const { code, notes, ms } = await ended;
      assert.equal(code, 0, notes);
      assert.ok(ms < 20_000, `${ms} ms`);
    }));
});

Deno.test("ktcp http --compress answers others while it compresses", () => {
  const count = 16;
  return withFiles(
    { ...largeTexts(count), "small.txt": "abc" },
    { model: "single", compress: true },
    async ({ ask, address }) => {
      await untilCoded(ask, "/0.txt");
      const clients = await Promise.all(
        Array.from({ length: count }, () => FileClient.connect(address)),
      );
      let done = 0;
      const all = clients.map(async (client, index) => {
        const fields = { "Accept-Encoding": "br" };
        const { status } = await client.ask(`/${index}.txt`, { fields });
        done++;
        return status;
      });
      // The copy of the first is kept: it is answered when the others are being compressed.
      await Promise.race(all);
      assert.equal((await ask("/small.txt")).body, "abc");
      assert.ok(done < count, `${done} were answered before`);
      for (const status of await Promise.all(all)) assert.equal(status, 200);
      for (const client of clients) await client[Symbol.asyncDispose]();
    },
  );
});
