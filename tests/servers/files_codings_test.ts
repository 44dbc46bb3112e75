/** Content codings at the socket: precompressed files, compression on the fly, negotiation. */
import assert from "node:assert/strict";
import zlib from "node:zlib";
import { latin1Bytes } from "../support/http_cases.ts";
import { checkFields, type Tree, withFiles } from "../support/file_server.ts";

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
      checkFields(answer.fields, { vary: "Accept-Encoding" }, accept);
    }
  }));

Deno.test("ktcp http --compress compresses text on the fly", () =>
  withFiles(
    { "a.txt": TEXT, "small.txt": "x", "b.png": TEXT, "c.json": JSON.stringify([TEXT]) },
    { compress: true },
    async ({ ask }) => {
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
