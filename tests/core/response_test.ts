/** The response parser: every case whole, byte by byte, and what it makes of the end. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Core, Event, ResponseReader, Taken } from "../../core/mod.ts";

/** Lines with CRLF, and what follows them. */
function http(head: string, body = ""): string {
  return head.trim().split("\n").map((line) => line.trim()).join("\r\n") + "\r\n\r\n" + body;
}

/** What reading came to: `200:body` for a response, `…` within one, `!reason` for an error. */
function read(pieces: string[], options: { isHead?: boolean; end?: boolean } = {}): string[] {
  const core = Core.create({ blocks: 1 });
  const reader = new ResponseReader(core, options.isHead);
  const conn = reader.open();
  const found: string[] = [];
  let body = "";
  const finish = () => found.push(`${reader.status(conn)}:${body}`);
  let event = Event.NeedMore as Event;
  for (const piece of pieces) {
    const view = reader.inputView(conn);
    view.set(Uint8Array.from(piece, (char) => char.charCodeAt(0)));
    core.received(conn, piece.length);
    while ((event = reader.next(conn)) !== Event.NeedMore && event !== Event.Error) {
      if (event === Event.Head) body = "";
      if (event === Event.Body) {
        body += core.latin1(core.pieceStart(conn), core.pieceLength(conn));
      }
      if (event === Event.End) finish();
    }
    if (event === Event.Error) return [...found, `!${reader.reason(conn)}`];
  }
  if (options.end === false) return found;
  event = reader.end(conn);
  if (event === Event.End) finish();
  if (event === Event.Error) found.push(`!${reader.reason(conn)}`);
  return found;
}

/** Reads `text` whole and byte by byte, which must come to the same. */
function readBothWays(text: string, options?: { isHead?: boolean }): string[] {
  const whole = read([text], options);
  assert.deepEqual(read([...text], options), whole, "byte by byte");
  return whole;
}

const OK: Record<string, [text: string, expected: string[]]> = {
  "Content-Length": [http("HTTP/1.1 200 OK\nContent-Length: 5", "hello"), ["200:hello"]],
  "no content": [http("HTTP/1.1 404 Not Found\nContent-Length: 0"), ["404:"]],
  "a reason with spaces and obs-text": [
    http("HTTP/1.1 200 All is w\xe9ll\nContent-Length: 1", "x"),
    ["200:x"],
  ],
  "an empty reason": ["HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx", ["200:x"]],
  "no reason and no space": ["HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", ["200:x"]],
  "HTTP/1.0 until close": [http("HTTP/1.0 200 OK", "to the end"), ["200:to the end"]],
  "HTTP/1.1 until close": [http("HTTP/1.1 500 Oops\nX: y", "abc"), ["500:abc"]],
  "until close, with nothing": [http("HTTP/1.0 200 OK"), ["200:"]],
  "chunked": [
    http(
      "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
      "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n",
    ),
    ["200:hello world"],
  ],
  "chunked with trailers": [
    http("HTTP/1.1 200 OK\ntransfer-encoding: CHUNKED", "1\r\na\r\n0\r\nX: y\r\nZ: 1\r\n\r\n"),
    ["200:a"],
  ],
  "a coding that is not chunked": [
    http("HTTP/1.1 200 OK\nTransfer-Encoding: gzip", "..."),
    ["200:..."],
  ],
  "204 and 304 have no content": [
    http("HTTP/1.1 204 No Content") + http("HTTP/1.1 304 Not Modified\nContent-Length: 9") +
    http("HTTP/1.1 200 OK\nContent-Length: 1", "x"),
    ["204:", "304:", "200:x"],
  ],
  "interim responses pass": [
    http("HTTP/1.1 100 Continue") + http("HTTP/1.1 103 Early Hints\nLink: </a>") +
    http("HTTP/1.1 200 OK\nContent-Length: 2", "ok"),
    ["200:ok"],
  ],
  "pipelined": [
    http("HTTP/1.1 200 OK\nContent-Length: 1", "a").repeat(40),
    Array(40).fill("200:a"),
  ],
  "the same length twice": [
    http("HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1", "a"),
    ["200:a"],
  ],
  "CRLF behind the content": [
    http("HTTP/1.1 200 OK\nContent-Length: 1", "a\r\n") +
    http("HTTP/1.1 200 OK\nContent-Length: 1", "b\r\n\r\n"),
    ["200:a", "200:b"],
  ],
  "white space around values": [
    "HTTP/1.1 200 OK\r\nContent-Length:\t 3 \t\r\nEmpty:\r\n\r\nabc",
    ["200:abc"],
  ],
  "a folded field": [
    "HTTP/1.1 200 OK\r\nX-Note: one\r\n two\r\n\tthree\r\nContent-Length: 1\r\n\r\nx",
    ["200:x"],
  ],
  "a folded field that would frame it if its line stood alone": [
    "HTTP/1.1 200 OK\r\nX-Note: one\r\n Content-Length: 9\r\nContent-Length: 1\r\n\r\nx",
    ["200:x"],
  ],
  "a folded Content-Length": [
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n  \r\n\t3\r\n \r\n\r\nabc",
    ["200:abc"],
  ],
  "a folded Transfer-Encoding": [
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip,\r\n chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    ["200:a"],
  ],
  "a folded field of an interim response": [
    "HTTP/1.1 103 Early\r\nLink: </a>\r\n ;rel=x\r\n\r\n" +
    http("HTTP/1.1 200 OK\nContent-Length: 1", "x"),
    ["200:x"],
  ],
  "a folded trailer": [
    http(
      "HTTP/1.1 200 OK\nTransfer-Encoding: chunked",
      "1\r\na\r\n0\r\nX: y\r\n z\r\nA: b\r\n\r\n",
    ),
    ["200:a"],
  ],
  "204 with the framing of content": [
    http("HTTP/1.1 204 No Content\nContent-Length: 3\nTransfer-Encoding: chunked") +
    http("HTTP/1.1 200 OK\nContent-Length: 1", "x"),
    ["204:", "200:x"],
  ],
  "nothing at all": ["", []],
};

for (const [name, [text, expected]] of Object.entries(OK)) {
  Deno.test(`next() reads ${name}`, () => assert.deepEqual(readBothWays(text), expected));
}

const WRONG: Record<string, [text: string, last: string]> = {
  "noise": ["\x16\x03\x01\x02", "!it does not start with a status line"],
  "another protocol": ["SSH-2.0-OpenSSH\r\n", "!it does not start with a status line"],
  "HTTP/2": ["HTTP/2 200\r\n\r\n", "!it does not start with a status line"],
  "a status of two digits": ["HTTP/1.1 20 OK\r\n\r\n", "!it does not start with a status line"],
  "a status of four digits": ["HTTP/1.1 2000 OK\r\n\r\n", "!it does not start with a status line"],
  "a status below 100": ["HTTP/1.1 099 OK\r\n\r\n", "!it does not start with a status line"],
  "a second response that is noise": [
    http("HTTP/1.1 200 OK\nContent-Length: 1", "aHello\r\n\r\n"),
    "!it does not start with a status line",
  ],
  "a bare LF": ["HTTP/1.1 200 OK\nContent-Length: 0\n\n", "!a line ends with LF alone"],
  "no colon": ["HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "!a field line has no colon"],
  "a bad field name": ["HTTP/1.1 200 OK\r\na b: c\r\n\r\n", "!a field name is malformed"],
  "white space before the first field": [
    "HTTP/1.1 200 OK\r\n X: y\r\n\r\n",
    "!there is white space before the first field",
  ],
  "white space before the first field of a second head": [
    "HTTP/1.1 100 Go on\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n X: y\r\n\r\n",
    "!there is white space before the first field",
  ],
  "a folded length of two numbers": [
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 2\r\n\r\nx",
    "!Content-Length is not a number",
  ],
  "a bare LF in a fold": [
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n \n\r\nx",
    "!a line ends with LF alone",
  ],
  "white space before the first trailer": [
    http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "0\r\n X: y\r\n\r\n"),
    "!a trailer field is malformed",
  ],
  "a length that is no number": [
    http("HTTP/1.1 200 OK\nContent-Length: 0x5"),
    "!Content-Length is not a number",
  ],
  "two lengths": [
    http("HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6"),
    "!there are two different Content-Length",
  ],
  "a length and chunked": [
    http("HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked"),
    "!Content-Length and Transfer-Encoding exclude each other",
  ],
  "a bad chunk size": [
    http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "xyz\r\n"),
    "!a chunk size is malformed",
  ],
  "a chunk that is too long": [
    http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "1\r\nabc"),
    "!a chunk does not end with CRLF",
  ],
};

for (const [name, [text, last]] of Object.entries(WRONG)) {
  Deno.test(`next() refuses ${name}`, () => assert.equal(readBothWays(text).at(-1), last));
}

Deno.test("next() gives HEAD no content, whatever the fields say", () => {
  const head = http("HTTP/1.1 200 OK\nContent-Length: 100");
  const chunked = http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked");
  assert.deepEqual(readBothWays(head + chunked + head, { isHead: true }), ["200:", "200:", "200:"]);
});

Deno.test("end() tells a response cut short at every byte from a whole one", () => {
  const texts = [
    http("HTTP/1.1 200 OK\nContent-Length: 5", "hello"),
    http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "5\r\nhello\r\n0\r\nA: b\r\n\r\n"),
  ];
  for (const text of texts) {
    for (let length = 1; length < text.length; length++) {
      const [last] = read([text.slice(0, length)]);
      assert.equal(last, "!the connection ended within it", `${length} bytes`);
    }
    assert.deepEqual(read([text]), ["200:hello"]);
  }
});

Deno.test("next() hands out content of any size through a small input", () => {
  const body = "0123456789".repeat(50_000);
  const text = http(`HTTP/1.1 200 OK\nContent-Length: ${body.length}`, body);
  const pieces = text.match(/[^]{1,10000}/g)!;
  assert.deepEqual(read(pieces), [`200:${body}`]);
});

Deno.test("next() judges a folded head alike, cut in three at every place", () => {
  const text =
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n 1\r\nX: y\r\n z\r\nConnection: keep-alive,\r\n" +
    "\tclose\r\n\r\na";
  for (let first = 1; first < text.length - 1; first++) {
    for (let second = first + 1; second < text.length; second++) {
      const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
      assert.deepEqual(read(pieces), ["200:a"], `${first}, ${second}`);
    }
  }
});

Deno.test("next() refuses a folded length without end, and skips the folds of other fields", () => {
  for (const size of [4, 4000]) {
    const pieces = "\r\n ".repeat(40_000).match(new RegExp(`[^]{1,${size}}`, "g"))!;
    const last = (field: string) =>
      read([`HTTP/1.1 200 OK\r\n${field}`, ...pieces], { end: false }).at(-1);
    assert.equal(last("Content-Length: 1"), "!a field line is too long", `${size}`);
    // Each line is done with when the next begins, so they need no room.
    assert.equal(last("X: y"), undefined, `${size}`);
  }
});

/** Feeds `pieces` to `take`, asking for `most` in all; the counts by status, and the last bits. */
function take(pieces: string[], most: number): { counts: Record<string, number>; bits: number } {
  const core = Core.create({ blocks: 1 });
  const reader = new ResponseReader(core);
  const conn = reader.open();
  let left = most;
  let taken = 0;
  for (const piece of pieces) {
    const view = reader.inputView(conn);
    view.set(Uint8Array.from(piece, (char) => char.charCodeAt(0)));
    taken = reader.take(conn, piece.length, left);
    left -= taken & Taken.Count;
  }
  const counts: Record<string, number> = {};
  reader.statuses.forEach((count, status) => {
    if (count > 0n) counts[status] = Number(count);
  });
  return { counts, bits: taken & ~Taken.Count };
}

const RESPONSES = [
  http("HTTP/1.1 200 OK\nContent-Length: 5", "hello"),
  http("HTTP/1.1 404 Not Found\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
  http("HTTP/1.1 204 No Content"),
  http("HTTP/1.1 500 Oops\nContent-Length: 0\nConnection: keep-alive"),
];

Deno.test("take() counts every response once, however the bytes are cut", () => {
  const responses = fc.array(fc.constantFrom(...RESPONSES), { minLength: 1, maxLength: 8 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 });
  fc.assert(fc.property(responses, cuts, (chosen, lengths) => {
    const text = chosen.join("");
    const pieces: string[] = [];
    for (let at = 0, i = 0; at < text.length; i++) {
      const length = lengths[i % lengths.length];
      pieces.push(text.slice(at, at + length));
      at += length;
    }
    const expected: Record<string, number> = {};
    for (const response of chosen) {
      const status = response.slice(9, 12);
      expected[status] = (expected[status] ?? 0) + 1;
    }
    assert.deepEqual(take(pieces, chosen.length), { counts: expected, bits: 0 });
  }));
});

Deno.test("take() tells partial, closing and failed responses apart", () => {
  const [whole] = RESPONSES;
  assert.deepEqual(take([whole.slice(0, -1)], 1), { counts: {}, bits: Taken.Partial });
  assert.deepEqual(take([whole + "HTTP"], 2), { counts: { 200: 1 }, bits: Taken.Partial });
  assert.deepEqual(take([whole + "nope"], 2), { counts: { 200: 1 }, bits: Taken.Failed });
  const closing = http("HTTP/1.1 200 OK\nContent-Length: 0\nConnection: close");
  assert.deepEqual(take([whole + closing], 3), { counts: { 200: 2 }, bits: Taken.Closing });
  const old = http("HTTP/1.0 200 OK\nContent-Length: 0");
  assert.deepEqual(take([old], 2), { counts: { 200: 1 }, bits: Taken.Closing });
});

Deno.test("take() goes on with the next connection behind one that closed early", () => {
  const closing = http("HTTP/1.1 200 OK\nContent-Length: 0\nConnection: close");
  const [whole] = RESPONSES;
  assert.deepEqual(take([closing, whole], 3), { counts: { 200: 2 }, bits: 0 });
  assert.deepEqual(take([closing + "\r\n", whole], 3), { counts: { 200: 2 }, bits: 0 });
});

Deno.test("take() counts repeated responses like different ones", () => {
  const [whole, chunked] = RESPONSES;
  const text = whole.repeat(5) + chunked.repeat(3) + whole;
  const expected = { counts: { 200: 6, 404: 3 }, bits: 0 };
  assert.deepEqual(take([text], 9), expected);
  assert.deepEqual(take([whole, whole, text.slice(2 * whole.length)], 9), expected);
  const cut = whole.length * 2 + 7;
  assert.deepEqual(take([text.slice(0, cut), text.slice(cut)], 9), expected);
  assert.deepEqual(take([whole, whole + "x"], 2), { counts: { 200: 1 }, bits: Taken.Failed });
  assert.deepEqual(take([whole, whole + whole], 2), { counts: { 200: 1 }, bits: Taken.Failed });
  assert.deepEqual(take([whole, whole + "\r\n"], 2), { counts: { 200: 2 }, bits: 0 });
});

Deno.test("take() refuses bytes behind the last response that was asked for", () => {
  const [whole] = RESPONSES;
  assert.deepEqual(take([whole + "!"], 1), { counts: {}, bits: Taken.Failed });
  assert.deepEqual(take([whole + whole], 1), { counts: {}, bits: Taken.Failed });
  assert.deepEqual(take([whole + "\r\n"], 1), { counts: { 200: 1 }, bits: 0 });
});
