/**
 * However bytes arrive, parsing them takes time in proportion to their number.
 *
 * Four times as many bytes, one at a time, may take about four times as long: the factor found is
 * about 4, and between 14 and 37 once the search for a line's end starts anew with each byte.
 */
import assert from "node:assert/strict";
import { Core, Event } from "../../core/mod.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";

const LIMITS = {
  maxRequestLine: 16384,
  maxHeaderSize: 47104,
  maxHeaders: 60_000,
  maxBody: Infinity,
};
const core = Core.create({ blocks: 1, limits: LIMITS, inputBytes: 1 << 18 });

const SHORT = 3500;
const LONG = 4 * SHORT;
const MOST = 8;
const REPEATS = 9;

const LINE = "GET / HTTP/1.1\r\n";
const HEAD = LINE + "Host: a\r\n";
const CHUNKS = HEAD + "Transfer-Encoding: chunked\r\n\r\n";

/** Requests with a part that grows; none of them is wrong, or complete before its end. */
const SHAPES: Record<string, (length: number) => string> = {
  "a method": (length) => "A".repeat(length),
  "a target": (length) => "GET /" + "a".repeat(length),
  "an absolute target": (length) => "GET http://" + "a".repeat(length) + "/ HTTP/1.1\r\n",
  "empty lines and requests": (length) => `\r\n${HEAD}\r\n`.repeat(length / 30),
  "a field name": (length) => HEAD + "A".repeat(length),
  "a field value": (length) => HEAD + "A: " + "b".repeat(length),
  "white space before a value": (length) => HEAD + "A:" + " \t".repeat(length / 2),
  "white space behind a value": (length) => HEAD + "A: b" + "\t ".repeat(length / 2) + "\r\n",
  "obs-text": (length) => HEAD + "A: " + "\xff".repeat(length) + "\r\n",
  "obs-text and HTAB in turns": (length) => HEAD + "A: " + "\x80\t".repeat(length / 2) + "\r\n",
  "short fields": (length) => HEAD + "A:\r\n".repeat(length / 4),
  "known fields": (length) => HEAD + "Range:\r\n".repeat(length / 8),
  "options of Connection": (length) => HEAD + "Connection: " + ",".repeat(length) + "\r\n",
  "Connections": (length) => HEAD + "Connection:a\r\n".repeat(length / 14),
  "transfer codings": (length) => HEAD + "Transfer-Encoding: " + "a,".repeat(length / 2) + "b\r\n",
  "a Host": (length) => LINE + "Host: " + "%41".repeat(length / 3) + "\r\n",
  "zeros of a length": (length) => HEAD + "Content-Length: " + "0".repeat(length) + "\r\n",
  "content": (length) => HEAD + "Content-Length: 99999\r\n\r\n" + "x".repeat(length),
  "an extension": (length) => CHUNKS + "5;" + "x".repeat(length),
  "an extension of obs-text": (length) => CHUNKS + "5;" + "\xff\t".repeat(length / 2),
  "small chunks": (length) => CHUNKS + "1\r\nx\r\n".repeat(length / 6),
  "small chunks with extensions": (length) => CHUNKS + "1;a\r\nx\r\n".repeat(length / 8),
  "a trailer": (length) => CHUNKS + "0\r\nA:" + "x".repeat(length),
  "a trailer of obs-text": (length) => CHUNKS + "0\r\nA:" + "\x80\t".repeat(length / 2),
  "short trailers": (length) => CHUNKS + "0\r\n" + "A:\r\n".repeat(length / 4),
};

function drain(conn: number): void {
  for (;;) {
    const event = core.next(conn);
    if (event === Event.NeedMore) return;
    assert.notEqual(event, Event.Error, `code ${core.code(conn)}`);
  }
}

/** Feeding that leaves the bytes where they are: shows nothing but the parser. */
function inPlace(bytes: Uint8Array): void {
  const conn = core.open();
  core.inputView(conn).set(bytes);
  for (let i = 0; i < bytes.length; ++i) {
    core.received(conn, 1);
    drain(conn);
  }
  core.close(conn);
}

/** Feeding as a server does it, which moves what is still needed to the front. */
function received(bytes: Uint8Array): void {
  const conn = core.open();
  let view: Uint8Array<SharedArrayBuffer> | undefined;
  for (let i = 0; i < bytes.length; ++i) {
    view = core.inputView(conn, view);
    view[0] = bytes[i];
    core.received(conn, 1);
    drain(conn);
  }
  core.close(conn);
}

function whole(bytes: Uint8Array): void {
  for (let times = 0; times < 50; ++times) {
    const conn = core.open();
    core.receive(conn, bytes);
    drain(conn);
    core.close(conn);
  }
}

function elapsedMs(feed: (bytes: Uint8Array) => void, bytes: Uint8Array): number {
  const startMs = performance.now();
  feed(bytes);
  return performance.now() - startMs;
}

/**
 * Time for `long` in terms of that for `short`: of the fastest runs, which nothing disturbed.
 * Where the machine is busy it takes more runs to find such ones.
 */
function factor(feed: (bytes: Uint8Array) => void, [short, long]: Uint8Array[]): number {
  let [shortMs, longMs] = [Infinity, Infinity];
  for (let run = 0; run < REPEATS || (run < 10 * REPEATS && longMs / shortMs >= MOST); ++run) {
    shortMs = Math.min(shortMs, elapsedMs(feed, short));
    longMs = Math.min(longMs, elapsedMs(feed, long));
  }
  return longMs / shortMs;
}

for (const feed of [inPlace, received, whole]) {
  Deno.test(`next() takes linear time, fed by ${feed.name}()`, () => {
    for (const [name, shape] of Object.entries(SHAPES)) {
      const texts = [SHORT, LONG].map((length) => latin1Bytes(shape(length)));
      const found = factor(feed, texts);
      assert.ok(found < MOST, `${name}: ${found.toFixed(1)} times for 4 times the bytes`);
    }
  });
}
