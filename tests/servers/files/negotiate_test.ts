import assert from "node:assert/strict";
import {
  compressible,
  contentType,
  isTypedByContent,
  isUtf8Text,
  mayHaveSiblings,
} from "../../../servers/files/mime.ts";
import { acceptedCodings, wantsJson, wishForPage } from "../../../servers/files/negotiate.ts";

Deno.test("acceptedCodings() orders by q-value, then by compression", () => {
  const cases: [field: string | undefined, codings: string][] = [
    [undefined, "identity"],
    ["", "identity"],
    ["identity", "identity"],
    ["gzip", "gzip identity"],
    ["gzip, br, zstd", "br zstd gzip identity"],
    ["GZip", "gzip identity"],
    ["x-gzip", "gzip identity"],
    ["gzip;q=1.0, br;q=0.5", "gzip br identity"],
    ["br;q=0.1, gzip;q=0.2, zstd;q=0.3", "zstd gzip br identity"],
    ["gzip;q=0", "identity"],
    ["gzip;q=0.000, br", "br identity"],
    ["identity;q=0", ""],
    ["*;q=0", ""],
    ["gzip, identity;q=0", "gzip"],
    ["gzip, *;q=0", "gzip"],
    ["identity;q=0.5, *;q=0", "identity"],
    ["*", "br zstd gzip identity"],
    ["*;q=0.1, gzip", "gzip br zstd identity"],
    ["gzip;q=0, *", "br zstd identity"],
    ["identity, gzip;q=0.5", "identity gzip"],
    ["deflate, compress", "identity"],
    ["deflate;q=1, gzip;q=0.3", "gzip identity"],
    ["gzip;q=banana", "identity"],
    [", ,gzip", "gzip identity"],
  ];
  for (const [field, expected] of cases) {
    assert.equal(acceptedCodings(field).join(" "), expected, String(field));
    assert.equal(acceptedCodings(field).join(" "), expected, `${field}, from the table`);
  }
});

Deno.test("wantsJson() when Accept prefers it or the query says so", () => {
  const cases: [accept: string | undefined, format: string | null, json: boolean][] = [
    [undefined, null, false],
    ["*/*", null, false],
    ["application/json", null, true],
    ["application/*", null, true],
    ["text/html,application/xhtml+xml,*/*;q=0.8", null, false],
    ["text/html;q=0.5, application/json", null, true],
    ["application/json;q=0.5, text/html", null, false],
    ["application/json;q=0", null, false],
    ["image/png", null, false],
    ["text/html", "json", true],
    ["application/json", "html", false],
  ];
  for (const [accept, format, json] of cases) {
    assert.equal(wantsJson(accept, format), json, `${accept} ${format}`);
  }
});

Deno.test("contentType() names the type and the charset of text", () => {
  const cases: [name: string, type: string][] = [
    ["index.html", "text/html; charset=utf-8"],
    ["A/B.HTML", "text/html; charset=utf-8"],
    ["a.css", "text/css; charset=utf-8"],
    ["a.js", "text/javascript; charset=utf-8"],
    ["a.mjs", "text/javascript; charset=utf-8"],
    ["a.json", "application/json; charset=utf-8"],
    ["a.txt", "text/plain; charset=utf-8"],
    ["a.svg", "image/svg+xml; charset=utf-8"],
    ["a.xml", "application/xml; charset=utf-8"],
    ["a.png", "image/png"],
    ["a.mp4", "video/mp4"],
    ["a.wasm", "application/wasm"],
    ["a.woff2", "font/woff2"],
    ["a.pdf", "application/pdf"],
    ["a.txt.gz", "application/gzip"],
    ["a.zst", "application/zstd"],
    ["a.br", "application/octet-stream"],
    ["a.unknown-extension", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    [".html", "text/html; charset=utf-8"],
    ["noext", "application/octet-stream"],
    ["d.html/noext", "application/octet-stream"],
    ["README", "application/octet-stream"],
    ["a.ts", "video/mp2t"],
    [".well-known/apple-app-site-association", "application/json"],
    ["constructor", "application/octet-stream"],
    ["a.constructor", "application/octet-stream"],
    ["a.__proto__", "application/octet-stream"],
  ];
  for (const [name, type] of cases) assert.equal(contentType(name), type, name);
});

Deno.test("contentType() lets browsers show source and text", () => {
  const extensions = "tsx jsx rs py go c h java sh toml yaml yml lock log md ipynb sql cpp kt diff";
  for (const extension of extensions.split(" ")) {
    for (const isText of [true, false]) {
      assert.equal(
        contentType(`a/b.${extension}`, { isText }),
        "text/plain; charset=utf-8",
        extension,
      );
    }
    assert.ok(!isTypedByContent(`b.${extension}`));
  }
  for (
    const name of ["a.ts", "A.MTS", "README", "a/LICENSE", "Makefile", ".profile", ".gitignore"]
  ) {
    assert.ok(isTypedByContent(name), name);
    assert.equal(contentType(name, { isText: true }), "text/plain; charset=utf-8", name);
  }
});

Deno.test("isUtf8Text() tells text from other bytes, also where a beginning ends", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const cases: [bytes: Uint8Array, whole: boolean, beginning: boolean][] = [
    [bytes(""), true, true],
    [bytes("const a = 1;\r\n\t// é €\f\x1b[31mred"), true, true],
    [bytes("\ufefftext"), true, true],
    [bytes("é").subarray(0, 1), false, true],
    [bytes("a\0b"), false, false],
    [bytes("a\x01b"), false, false],
    [Uint8Array.of(0x47, 0x40, 0, 0x10), false, false],
    [Uint8Array.of(0x61, 0xff), false, false],
    [Uint8Array.of(0xc0, 0xaf), false, false],
    [Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1), false, false],
  ];
  for (const [content, whole, beginning] of cases) {
    assert.equal(isUtf8Text(content, { isWhole: true }), whole, `${content}`);
    assert.equal(isUtf8Text(content, { isWhole: false }), beginning, `${content} as a beginning`);
  }
});

Deno.test("wishForPage() tells people from what pages load", () => {
  const cases: [accept: string | undefined, wish: string][] = [
    // Chromium, Firefox, Safari: an address, then pictures, style, scripts and fetch().
    [
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
      "prefers",
    ],
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "prefers"],
    ["image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "refuses"],
    ["text/css,*/*;q=0.1", "refuses"],
    ["*/*", "takes"],
    [undefined, "takes"],
    ["", "takes"],
    ["application/json, text/plain, */*", "refuses"],
    ["application/json", "refuses"],
    ["application/json;q=0.5, text/html", "prefers"],
    ["text/html;q=0.4, application/json", "refuses"],
    ["text/html;q=0", "refuses"],
    ["text/*", "takes"],
  ];
  for (const [accept, wish] of cases) assert.equal(wishForPage(accept), wish, accept);
});

Deno.test("compressible() is true of text and uncompressed formats", () => {
  const types = {
    yes: [
      "text/html; charset=utf-8",
      "application/json",
      "image/svg+xml",
      "application/wasm",
      "application/ld+json",
      "font/ttf",
      "application/xhtml+xml",
      "image/bmp",
    ],
    no: [
      "image/png",
      "video/mp4",
      "application/gzip",
      "application/octet-stream",
      "font/woff2",
      "application/zip",
      "image/jpeg",
      "",
    ],
  };
  for (const type of types.yes) assert.ok(compressible(type), type);
  for (const type of types.no) assert.ok(!compressible(type), type);
});

Deno.test("mayHaveSiblings() spares what is compressed already", () => {
  assert.ok(mayHaveSiblings("a.txt", contentType("a.txt")));
  assert.ok(mayHaveSiblings("a.bin", contentType("a.bin")));
  assert.ok(!mayHaveSiblings("a.jpg", contentType("a.jpg")));
  assert.ok(!mayHaveSiblings("a.txt.gz", contentType("a.txt.gz")));
  assert.ok(!mayHaveSiblings("a.br", contentType("a.br")));
});
