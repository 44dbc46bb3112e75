import assert from "node:assert/strict";
import { TargetListError, TargetListReader } from "../../../bench/http/target_list.ts";

function read(text: string) {
  const reader = new TargetListReader();
  const targets = text.split("\n").flatMap((line) => reader.take(line));
  return [...targets, ...reader.end()].map(({ url, ...rest }) => ({ url: url.text, ...rest }));
}

Deno.test("TargetListReader reads URLs, one a line", () => {
  assert.deepEqual(read("# comment\nhttp://a/x\n\n  localhost:8081 \r\n"), [
    { url: "http://a/x", headers: [] },
    { url: "localhost:8081", headers: [] },
  ]);
});

Deno.test("TargetListReader reads vegeta's format, with or without blank lines", () => {
  const text = "GET http://a/x\nX-A: b: c\nY:d\n\n" +
    "POST  http://a/y\nContent-Type: text/plain\n@body.txt\nDELETE http://a/z\n" +
    "HEAD http://a/h\n\nhttp://a/plain\nPUT http://a/last";
  assert.deepEqual(read(text), [
    { url: "http://a/x", method: "GET", headers: [["X-A", "b: c"], ["Y", "d"]] },
    {
      url: "http://a/y",
      method: "POST",
      headers: [["Content-Type", "text/plain"]],
      bodyFile: "body.txt",
    },
    { url: "http://a/z", method: "DELETE", headers: [] },
    { url: "http://a/h", method: "HEAD", headers: [] },
    { url: "http://a/plain", headers: [] },
    { url: "http://a/last", method: "PUT", headers: [] },
  ]);
});

const WRONG: [text: string, line: number, message: RegExp][] = [
  ["http://a/\nftp://b/", 2, /Not a URL: 'ftp:\/\/b\/'/],
  ["\n8081", 2, /write localhost:8081/],
  ["GET nonsense url", 1, /Not a host name: 'nonsense url'/],
  ["CONNECT a:1", 1, /CONNECT asks for a tunnel/],
  ["http://a/\nX-A: b", 2, /'X-A: b' belongs to no request/],
  ["@file", 1, /belongs to no request/],
  ["GET http://a/\n@", 2, /'@' names no file/],
  ["GET http://a/\nX-A b", 2, /Not a header: 'X-A b'/],
  ["GET http://a/\nhttp://b/", 2, /put a blank line before it/],
];

for (const [text, line, message] of WRONG) {
  Deno.test(`TargetListReader refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => read(text), (error) => {
      assert.ok(error instanceof TargetListError);
      assert.equal(error.line, line);
      assert.match(error.message, message);
      return true;
    });
  });
}
