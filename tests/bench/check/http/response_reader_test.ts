import assert from "node:assert/strict";
import { everyByte, everySplit, pieces } from "../../../../bench/check/cuts.ts";
import { latin1Bytes } from "../../../../bench/check/latin1.ts";
import {
  fieldOf,
  ResponseFault,
  ResponseReader,
} from "../../../../bench/check/http/response_reader.ts";

/** Reads a whole stream; `ended` adds its end. */
function read(text: string, methods: string[] = [], { ended = true, cuts = [] as number[] } = {}) {
  const reader = new ResponseReader(methods);
  const found = pieces(latin1Bytes(text), cuts).flatMap((piece) => reader.push(piece));
  return ended ? [...found, ...reader.end()] : found;
}

const OK = "HTTP/1.1 200 OK\r\n";
const TWO = `${OK}Content-Length: 2\r\n\r\nhi`;

Deno.test("ResponseReader: reads status, fields and content", () => {
  const [response, ...rest] = read(
    `${OK}Date: x\r\nX-A:\t b c \r\nX-a:\r\nContent-Length: 3\r\n\r\na\0\xff`,
  );
  assert.deepEqual(rest, []);
  assert.equal(response.status, 200);
  assert.equal(response.reason, "OK");
  assert.equal(response.body, "a\0\xff");
  assert.equal(response.framing, "length");
  assert.equal(fieldOf(response, "X-A"), "b c, ");
  assert.equal(fieldOf(response, "X-B"), undefined);
});

Deno.test("ResponseReader: reads chunked content, extensions refused, trailers kept", () => {
  const head = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
  const [response] = read(`${head}3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n`);
  assert.equal(response.body, "abc0123456789");
  assert.equal(response.framing, "chunked");
  assert.deepEqual(response.trailers, [["x", "y"]]);
  for (const wrong of ["3 \r\nabc\r\n", "3;a\r\nabc\r\n", "3\r\nabcd\r\n", "3\nabc\r\n", "\r\n"]) {
    assert.throws(() => read(head + wrong), ResponseFault, wrong);
  }
});

Deno.test("ResponseReader: content without a length ends with the stream", () => {
  assert.deepEqual(read(`${OK}\r\nabc`, [], { ended: false }), []);
  const [response] = read(`${OK}\r\nabc`);
  assert.equal(response.body, "abc");
  assert.equal(response.framing, "close");
});

Deno.test("ResponseReader: HEAD, 1xx, 204 and 304 have no content", () => {
  const head = `${OK}Content-Length: 12\r\n\r\n`;
  const found = read(
    `HTTP/1.1 100 Continue\r\n\r\n${head}HTTP/1.1 204 No Content\r\n\r\n` +
      `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n${TWO}`,
    ["HEAD", "GET", "GET", "GET"],
  );
  assert.deepEqual(found.map(({ status, body }) => [status, body]), [
    [100, ""],
    [200, ""],
    [204, ""],
    [304, ""],
    [200, "hi"],
  ]);
});

Deno.test("ResponseReader: HTTP/1.0 is another minor version", () => {
  const found = read(`HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n${TWO}`);
  assert.deepEqual(found.map(({ minor }) => minor), [0, 1]);
});

Deno.test("ResponseReader: expect() announces the method of a later request", () => {
  const reader = new ResponseReader();
  assert.equal(reader.push(latin1Bytes(TWO)).length, 1);
  reader.expect("HEAD");
  assert.equal(reader.push(latin1Bytes(`${OK}Content-Length: 2\r\n\r\n`)).length, 1);
  assert.equal(reader.pending, "");
});

Deno.test("ResponseReader: says the same however the stream is cut", () => {
  const text = `HTTP/1.1 100 Continue\r\n\r\n${TWO}${OK}Transfer-Encoding: chunked\r\n\r\n` +
    `1\r\nx\r\n0\r\n\r\n${OK}\r\nrest`;
  const whole = read(text);
  assert.equal(whole.length, 4);
  for (const cuts of everySplit(text.length)) {
    assert.deepEqual(read(text, [], { cuts: [...cuts] }), whole);
  }
});

Deno.test("ResponseReader: throws on anything malformed or extra", () => {
  const wrong: Record<string, string> = {
    "another protocol": "HTTQ/1.1 200 OK\r\n\r\n",
    "HTTP/2.0": "HTTP/2.0 200 OK\r\n\r\n",
    "no reason's space": "HTTP/1.1 200\r\n\r\n",
    "two spaces": "HTTP/1.1  200 OK\r\n\r\n",
    "a status of four digits": "HTTP/1.1 2000 OK\r\n\r\n",
    "a status of 600": "HTTP/1.1 600 OK\r\n\r\n",
    "a bare LF": "HTTP/1.1 200 OK\n\r\n",
    "a bare LF at the end": `${OK}X: y\r\n\n`,
    "a bare CR": `${OK}X: a\rb\r\n\r\n`,
    "a fold": `${OK}X: a\r\n b\r\n\r\n`,
    "a space before the colon": `${OK}X : a\r\n\r\n`,
    "no colon": `${OK}Xa\r\n\r\n`,
    "NUL": `${OK}X: \0\r\n\r\n`,
    "two lengths": `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`,
    "a signed length": `${OK}Content-Length: +2\r\n\r\nhi`,
    "both framings": `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    "another coding": `${OK}Transfer-Encoding: gzip\r\n\r\n`,
    "204 with a length": "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "204 with content": "HTTP/1.1 204 No Content\r\n\r\nhi",
    "100 with a length": "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
    "101": "HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "bytes after the content": `${TWO}!`,
    "an empty line after the content": `${TWO}\r\n`,
    "a stream that ends in the head": "HTTP/1.1 200 OK\r\n",
    "a stream that ends in the content": `${OK}Content-Length: 3\r\n\r\nhi`,
    "a stream that ends in a chunk": `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nhi`,
  };
  for (const [name, text] of Object.entries(wrong)) {
    assert.throws(() => read(text), ResponseFault, name);
    const cuts = [...everyByte(text.length)];
    assert.throws(() => read(text, [], { cuts }), ResponseFault, `${name}, byte by byte`);
  }
  assert.throws(() => read(TWO, ["HEAD"]), ResponseFault, "content after HEAD");
});
