/**
 * The limits of a request, each at its boundary, for the smallest, the default and the largest
 * values that the command line takes.
 */
import assert from "node:assert/strict";
import { Code, Core, DEFAULT_LIMITS, type Limits, maxBlocks } from "../../core/mod.ts";
import { Place } from "../../core/shared/abi.ts";
import { type Observation, observe, type ObservedHead } from "../support/core_observer.ts";
import { everyByte, pieces } from "../../bench/check/cuts.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";

const SMALLEST: Limits = { maxRequestLine: 64, maxHeaderSize: 64, maxHeaders: 1, maxBody: 0 };
const LARGEST: Limits = {
  maxRequestLine: 16384,
  maxHeaderSize: 47104,
  maxHeaders: 1000,
  maxBody: 2 ** 40,
};

/** Parses `text` whole, byte by byte, and behind pipelined requests that fill the input area. */
function feed(limits: Limits, text: string): Observation[] {
  const core = Core.create({ blocks: 1, limits });
  const bytes = latin1Bytes(text);
  const whole = observe(core, [bytes]);
  assert.deepEqual(observe(core, pieces(bytes, everyByte(bytes.length))), whole, "byte by byte");
  const one = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const conn = core.open();
  const room = core.inputView(conn).length;
  core.close(conn);
  // The head starts so late that most of it has to be moved to the front.
  for (const left of [1, 30, 5000]) {
    const count = Math.max(1, Math.floor((room - left) / one.length));
    const all = latin1Bytes(one.repeat(count) + text);
    assert.deepEqual(observe(core, [all]).slice(count), whole, `behind ${count} requests`);
  }
  assert.equal(core.blocksUsed, 0);
  return whole;
}

function codeOf(events: readonly Observation[]): number | undefined {
  const last = events.at(-1)!;
  return "code" in last ? last.code : undefined;
}

function line(length: number): string {
  return `GET /${"a".repeat(length - "GET / HTTP/1.1".length)} HTTP/1.1\r\n`;
}

const HOST = "Host: a\r\n";

/** A header section of `length` bytes, its final CRLF included, in lines of one long field. */
function section(length: number): string {
  return `${HOST}X:${"v".repeat(length - HOST.length - "X:\r\n\r\n".length)}\r\n\r\n`;
}

for (const [name, limits] of Object.entries({ SMALLEST, DEFAULT_LIMITS, LARGEST })) {
  const { maxRequestLine, maxHeaderSize, maxHeaders, maxBody } = limits;
  const roomy = { ...limits, maxHeaders: Math.max(2, maxHeaders) };

  Deno.test(`${name}: a request line of ${maxRequestLine} bytes passes, one more is 414`, () => {
    const [head] = feed(limits, line(maxRequestLine) + HOST + "\r\n") as ObservedHead[];
    assert.equal(head.target.length, maxRequestLine - "GET  HTTP/1.1".length);
    assert.equal(
      codeOf(feed(limits, line(maxRequestLine + 1) + HOST + "\r\n")),
      Code.RequestLineTooLong,
    );
    assert.equal(codeOf(feed(limits, "A".repeat(maxRequestLine + 1))), Code.RequestLineTooLong);
  });

  Deno.test(`${name}: a header section of ${maxHeaderSize} bytes passes, one more is 431`, () => {
    for (const first of [line(15), line(maxRequestLine)]) {
      const [head] = feed(roomy, first + section(maxHeaderSize)) as ObservedHead[];
      assert.equal(head.fields[1][1].length, maxHeaderSize - HOST.length - 6);
      assert.equal(codeOf(feed(roomy, first + section(maxHeaderSize + 1))), Code.HeaderTooLarge);
      assert.equal(codeOf(feed(roomy, first + "A".repeat(maxHeaderSize))), Code.HeaderTooLarge);
    }
  });

  Deno.test(`${name}: ${maxHeaders} fields pass, one more is 431`, () => {
    const fields = Array.from({ length: maxHeaders - 1 }, (_, i) => [`f${i}`, `${i * 7}`]);
    const text = line(maxRequestLine) + HOST + fields.map(([f, v]) => `${f}:${v}\r\n`).join("");
    const [head] = feed(limits, text + "\r\n") as ObservedHead[];
    // Offsets in the field table still tell the last ones apart.
    assert.deepEqual(head.fields, [["Host", "a"], ...fields]);
    assert.equal(codeOf(feed(limits, text + "g:1\r\n\r\n")), Code.TooManyFields);
  });

  Deno.test(`${name}: content of ${maxBody} bytes passes, one more is 413`, () => {
    const head = (length: number) => `${line(15)}${HOST}Content-Length: ${length}\r\n\r\n`;
    const [at] = feed(roomy, head(maxBody)) as ObservedHead[];
    assert.equal(at.length, maxBody);
    assert.equal(codeOf(feed(roomy, head(maxBody + 1))), Code.BodyTooLarge);
    const chunked = (size: number) =>
      `${line(15)}${HOST}Transfer-Encoding:chunked\r\n\r\n${size.toString(16)}\r\n`;
    assert.equal(codeOf(feed(roomy, chunked(maxBody))), undefined);
    assert.equal(codeOf(feed(roomy, chunked(maxBody + 1))), Code.BodyTooLarge);
    const two = chunked(1) + "x\r\n" + maxBody.toString(16) + "\r\n";
    assert.equal(codeOf(feed(roomy, two)), Code.BodyTooLarge, "chunks together");
  });

  Deno.test(`${name}: extensions of ${maxHeaderSize} bytes pass, one more is 431`, () => {
    const body = { ...roomy, maxBody: 100 };
    // Behind the largest head that there can be, for which there has to be room as well.
    const te = `${HOST}Transfer-Encoding:chunked\r\n`;
    const rest = maxHeaderSize - te.length - "X:\r\n\r\n".length;
    const head = line(maxRequestLine) + te + (rest < 0 ? "" : `X:${"v".repeat(rest)}\r\n`) + "\r\n";
    const wide = { ...body, maxHeaders: Math.max(3, maxHeaders) };
    const ext = (length: number) => ";" + "e".repeat(length - 1);
    const end = "0\r\n\r\n";
    const one = (length: number) => `${head}1${ext(length)}\r\nx\r\n${end}`;
    assert.equal(codeOf(feed(wide, one(maxHeaderSize))), undefined);
    assert.equal(codeOf(feed(wide, one(maxHeaderSize + 1))), Code.ChunkExtensionTooLong);
    const half = maxHeaderSize / 2;
    const two = (length: number) => `${head}1${ext(half)}\r\nx\r\n1${ext(length)}\r\ny\r\n${end}`;
    assert.equal(codeOf(feed(wide, two(half))), undefined);
    assert.equal(codeOf(feed(wide, two(half + 1))), Code.ChunkExtensionTooLong, "together");
    assert.equal(
      codeOf(feed(wide, `${head}1${ext(maxHeaderSize + 20)}`)),
      Code.ChunkExtensionTooLong,
    );
    const zeros = `${head}${"0".repeat(16)}${ext(maxHeaderSize)}\r\n\r\n`;
    assert.equal(codeOf(feed(wide, zeros)), undefined, "the longest line there is");
  });

  Deno.test(`${name}: trailers of ${maxHeaderSize} bytes pass, one more is 431`, () => {
    const head = `${line(15)}${HOST}Transfer-Encoding:chunked\r\n\r\n0\r\n`;
    const trailers = (length: number) => `a:1\r\nT:${"v".repeat(length - 11)}\r\n\r\n`;
    assert.equal(codeOf(feed(roomy, head + trailers(maxHeaderSize))), undefined);
    assert.equal(codeOf(feed(roomy, head + trailers(maxHeaderSize + 1))), Code.TrailerTooLarge);
    assert.equal(codeOf(feed(roomy, head + "T".repeat(maxHeaderSize))), Code.TrailerTooLarge);
  });
}

Deno.test("Content-Length up to 2^64 - 1 is a number, and no limit is one, too", () => {
  const head = (length: bigint) => `POST / HTTP/1.1\r\n${HOST}Content-Length: ${length}\r\n\r\n`;
  const lengths = [2n ** 31n, 2n ** 32n, 2n ** 32n + 5n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n];
  const endless = { ...DEFAULT_LIMITS, maxBody: Infinity };
  for (const length of lengths) {
    const [seen, body] = feed(endless, head(length) + "xyz") as [ObservedHead, { body: string }];
    assert.equal(seen.length, Number(length));
    assert.equal(body.body, "xyz");
    assert.equal(codeOf(feed(DEFAULT_LIMITS, head(length))), Code.BodyTooLarge);
  }
  assert.equal(codeOf(feed(endless, head(2n ** 64n))), Code.BadContentLength);
  assert.equal(codeOf(feed(endless, head(10n * 2n ** 64n))), Code.BadContentLength);
});

Deno.test("chunks count to 2^64 - 1 together, and no further", () => {
  const endless = { ...DEFAULT_LIMITS, maxBody: Infinity };
  const head = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
  assert.equal(codeOf(feed(endless, `${head}ffffffffffffffff\r\n`)), undefined);
  assert.equal(codeOf(feed(endless, `${head}5\r\nhello\r\nfffffffffffffffa\r\n`)), undefined);
  assert.equal(
    codeOf(feed(endless, `${head}5\r\nhello\r\nfffffffffffffffb\r\n`)),
    Code.BodyTooLarge,
  );
  assert.equal(codeOf(feed(endless, `${head}10000000000000000\r\n`)), Code.BadChunkSize);
});

Deno.test("Core.create() refuses heads that its 16-bit offsets cannot describe", () => {
  const limits = { ...DEFAULT_LIMITS, maxRequestLine: 16384, maxHeaderSize: 49150 };
  Core.create({ blocks: 1, limits });
  assert.throws(
    () => Core.create({ blocks: 1, limits: { ...limits, maxHeaderSize: 49151 } }),
    /16384 and a header of 49151 bytes exceed 65534/,
  );
});

Deno.test("the last blocks of a memory of nearly 4 GiB work as the first ones do", () => {
  const core = Core.create({ blocks: maxBlocks({}) });
  const text =
    "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n";
  const bytes = latin1Bytes(text + line(DEFAULT_LIMITS.maxRequestLine) + section(16384));
  const wanted = observe(core, pieces(bytes, everyByte(bytes.length)));
  // All blocks up to the last two count as used, without being touched.
  const { words } = core;
  const last = words[Place.BlocksEnd >>> 2] - words[Place.BlockBytes >>> 2];
  words[Place.FreeBlocks >>> 2] = 0;
  words[Place.FreshBlock >>> 2] = last - words[Place.BlockBytes >>> 2];
  const lower = core.open();
  assert.ok(last > 0xfff00000, `${last}`);
  assert.deepEqual(observe(core, pieces(bytes, everyByte(bytes.length))), wanted);
  core.sendBytes(lower, bytes);
  assert.equal(core.outBlock(lower), last);
  assert.deepEqual(core.outView(last).slice(), bytes);
  assert.equal(core.open(), 0, "and behind it there is none");
  core.dropOutBlock(lower);
  assert.equal(core.open(), last);
  core.close(last);
  core.close(lower);
  assert.equal(core.blocksUsed, 0);
});
