/** The parsers of the bench, on its examples: what each makes of them, and where they part ways. */
import assert from "node:assert/strict";
import { Code, faultOf } from "../../../core/mod.ts";
import { loadHttpCases } from "../../../bench/check/http/cases.ts";
import { RULES } from "../../../bench/check/http/rules.ts";
import { CoreReader } from "../../../play/page/parser/core_reader.ts";
import {
  type Difference,
  differenceOf,
  isDangerous,
} from "../../../play/page/parser/differences.ts";
import { exampleBytes, type ExampleName, EXAMPLES } from "../../../play/page/parser/examples.ts";
import { type LlhttpMode, readWithLlhttp } from "../../../play/page/parser/llhttp_reader.ts";
import type { Reading } from "../../../play/page/parser/reading.ts";
import { everyCut } from "../../../play/page/bytes/cuts.ts";

const reader = new CoreReader();
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** `2 ready`, `0 refused 400`, `1 refused HPE_STRICT`: complete messages and what became of the rest. */
function short({ messages, ending, refusal }: Reading): string {
  const complete = messages.filter(({ to }) => to !== undefined).length;
  return [complete, ending, refusal?.code ?? refusal?.status].filter((x) => x !== undefined).join(
    " ",
  );
}

/** The core, llhttp as Node runs it, llhttp with all leniencies. */
const TABLE: Record<ExampleName, [core: string, strict: string, lenient: string]> = {
  "get": ["1 ready", "1 ready", "1 ready"],
  "pipelined": ["3 closed", "3 closed", "3 closed"],
  "content-length": ["1 ready", "1 ready", "1 ready"],
  "chunked": ["1 ready", "1 ready", "1 ready"],
  "cl-te": ["0 refused 400", "0 refused HPE_INVALID_TRANSFER_ENCODING", "2 ready"],
  "te-cl": ["0 refused 400", "0 refused HPE_INVALID_CONTENT_LENGTH", "1 ready"],
  "te-te-unknown": ["0 refused 400", "0 refused HPE_INVALID_TRANSFER_ENCODING", "0 incomplete"],
  "te-te-case": ["0 refused 400", "0 refused HPE_INVALID_TRANSFER_ENCODING", "2 ready"],
  "te-vertical-tab": ["0 refused 400", "0 refused HPE_INVALID_HEADER_TOKEN", "0 incomplete"],
  "xchunked": ["0 refused 400", "0 refused HPE_INVALID_TRANSFER_ENCODING", "0 incomplete"],
  "two-lengths": [
    "0 refused 400",
    "0 refused HPE_UNEXPECTED_CONTENT_LENGTH",
    "0 refused HPE_UNEXPECTED_CONTENT_LENGTH",
  ],
  "signed-length": [
    "0 refused 400",
    "0 refused HPE_INVALID_CONTENT_LENGTH",
    "0 refused HPE_INVALID_CONTENT_LENGTH",
  ],
  "space-before-colon": ["0 refused 400", "0 refused HPE_INVALID_HEADER_TOKEN", "2 ready"],
  "folded": ["0 refused 400", "0 refused HPE_INVALID_HEADER_TOKEN", "1 ready"],
  "bare-lf": ["0 refused 400", "0 refused HPE_CR_EXPECTED", "2 ready"],
  "lf-lf": ["0 refused 400", "0 refused HPE_CR_EXPECTED", "2 ready"],
  "bare-cr": ["0 refused 400", "0 refused HPE_LF_EXPECTED", "0 refused HPE_LF_EXPECTED"],
  "nul": ["0 refused 400", "0 refused HPE_INVALID_HEADER_TOKEN", "1 ready"],
  "chunk-extension": ["0 refused 400", "0 refused HPE_CR_EXPECTED", "0 incomplete"],
  "chunk-spill": ["0 refused 400", "0 refused HPE_STRICT", "0 refused HPE_INVALID_CHUNK_SIZE"],
  "chunk-overflow": [
    "0 refused 400",
    "0 refused HPE_INVALID_CHUNK_SIZE",
    "0 refused HPE_INVALID_CHUNK_SIZE",
  ],
  "get-with-body": ["2 ready", "2 ready", "2 ready"],
  "http10-chunked": ["0 refused 400", "1 closed", "2 ready"],
  "absolute-form": ["1 ready", "1 ready", "1 ready"],
  "no-host": ["0 refused 400", "1 ready", "1 ready"],
  "two-hosts": ["0 refused 400", "1 ready", "1 ready"],
  "long-line": ["0 refused 414", "1 ready", "1 ready"],
  "tls": ["0 refused 400", "0 refused HPE_INVALID_METHOD", "0 refused HPE_INVALID_METHOD"],
};

for (const name of EXAMPLES) {
  Deno.test(`the three parsers read the example ${name}, however it is cut`, () => {
    const bytes = exampleBytes(name);
    const [core, strict, lenient] = TABLE[name];
    assert.equal(short(reader.read(bytes)), core);
    assert.equal(short(readWithLlhttp(bytes, "strict")), strict);
    assert.equal(short(readWithLlhttp(bytes, "lenient")), lenient);
    const every = everyCut(bytes.length);
    assert.equal(short(reader.read(bytes, every)), core);
    assert.equal(short(readWithLlhttp(bytes, "strict", every)), strict);
    assert.equal(reader.prove(bytes).differing, undefined);
  });
}

Deno.test("a good dozen examples are cases of the judge, which expects the same of the core", () => {
  const cases = new Map(loadHttpCases().map((one) => [one.bytes.join(), one]));
  let known = 0;
  for (const name of EXAMPLES) {
    const found = cases.get(exampleBytes(name).join());
    if (found === undefined) continue;
    ++known;
    const { refusal } = reader.read(exampleBytes(name));
    const error = found.events.find((event) => "error" in event);
    assert.deepEqual(
      error ? error.error.includes(refusal!.status!) : refusal,
      error ? true : undefined,
    );
  }
  assert.ok(known >= 12, `${known} are cases`);
});

Deno.test("CoreReader tells fields, framing, content and where each message ends", () => {
  const { messages, ending } = reader.read(exampleBytes("chunked"));
  assert.equal(ending, "ready");
  assert.deepEqual(messages, [{
    method: "POST",
    target: "/",
    version: "1.1",
    fields: [["Host", "a"], ["Transfer-Encoding", "chunked"]],
    framing: "chunked",
    content: "hello world",
    keepsAlive: true,
    from: 0,
    to: 106,
  }]);
  const ends = reader.read(exampleBytes("pipelined")).messages.map(({ from, to }) => [from, to]);
  assert.deepEqual(ends, [[0, 28], [28, 56], [56, 103]]);
});

Deno.test("CoreReader says how far the parser had looked after each part", () => {
  //             0         1         2         3
  //             0123456789012345 6 7890123 4 5 6
  const text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const { parts } = reader.read(bytesOf(text), [5, 15, 20, 24]);
  assert.deepEqual(
    parts.map(({ consumed, scanned, state, events }) => [consumed, scanned, state, ...events]),
    [
      // A first line that is not complete is looked through, and not looked at again.
      [0, 5, "first line"],
      // CR is there, its LF is not.
      [0, 14, "first line"],
      [16, 20, "fields"],
      [16, 23, "fields"],
      [27, 27, "start", "head"],
    ],
  );
});

Deno.test("CoreReader refuses at the line that is wrong, with the rule that it breaks", () => {
  assert.deepEqual(reader.read(exampleBytes("cl-te")).refusal, {
    status: 400,
    reason: "Content-Length and Transfer-Encoding exclude each other",
    reference: "RFC 9112 section 6.1",
    // The empty line: the two are judged together when the head is complete.
    at: 74,
  });
  assert.equal(reader.read(exampleBytes("two-lengths")).refusal!.at, 45);
  // However the rest arrives, the LF of that line decides.
  for (const cuts of [[], [17, 60], [75]]) {
    const { consumed, scanned, state } = reader.read(exampleBytes("cl-te"), cuts).parts.at(-1)!;
    assert.deepEqual([consumed, scanned, state], [74, 76, "failed"]);
  }
});

Deno.test("faultOf() refers to the RFC as the judge does", () => {
  const rows: [Code, number][] = [
    [Code.BareLineFeed, 3],
    [Code.BareCarriageReturn, 4],
    [Code.EmptyLines, 5],
    [Code.BadRequestLine, 22],
    [Code.BadTarget, 20],
    [Code.BadVersion, 32],
    [Code.LineFolding, 1],
    [Code.WhiteSpaceBeforeFields, 2],
    [Code.BadFieldName, 23],
    [Code.WhiteSpaceBeforeColon, 14],
    [Code.ControlByte, 24],
    [Code.BadContentLength, 7],
    [Code.RepeatedContentLength, 8],
    [Code.LengthAndTransferEncoding, 6],
    [Code.ChunkedNotFinal, 10],
    [Code.TransferEncodingInHttp10, 13],
    [Code.MissingHost, 15],
    [Code.BadChunkSize, 26],
    [Code.BadChunkExtension, 27],
    [Code.BadTrailer, 28],
    [Code.RequestLineTooLong, 30],
    [Code.HeaderTooLarge, 31],
    [Code.UnknownCoding, 11],
    [Code.Incomplete, 34],
  ];
  for (const [code, row] of rows) {
    assert.equal(faultOf(code).reference, RULES[row].reference, faultOf(code).reason);
  }
});

const messages = (...ends: number[]): Reading["messages"] =>
  ends.map((to, i) => ({
    method: "GET",
    target: "/",
    version: "1.1",
    fields: [["Host", "a"]],
    content: "",
    keepsAlive: true,
    from: i === 0 ? 0 : ends[i - 1],
    to,
  }));

const READINGS: Record<string, Reading> = {
  one: { messages: messages(10), ending: "ready" },
  two: { messages: messages(10, 20), ending: "ready" },
  longer: { messages: messages(20), ending: "ready" },
  refused: { messages: [], ending: "refused", refusal: { reason: "", at: 0 } },
  waiting: { messages: messages(10), ending: "incomplete" },
  closed: { messages: messages(10), ending: "closed" },
  other: { messages: [{ ...messages(10)[0], target: "/b" }], ending: "ready" },
  padded: { messages: [{ ...messages(10)[0], fields: [["Host", "a "]] }], ending: "ready" },
};

const DIFFERENCES: [string, string, Difference, isDangerous: boolean][] = [
  ["one", "one", { kind: "same" }, false],
  ["one", "padded", { kind: "same" }, false],
  ["one", "longer", { kind: "boundary", index: 0, ends: [10, 20] }, true],
  ["one", "other", { kind: "meaning", index: 0, what: "target" }, false],
  ["refused", "two", { kind: "refuses", who: 0, index: 0, others: 2 }, false],
  ["two", "refused", { kind: "refuses", who: 1, index: 0, others: 2 }, false],
  ["waiting", "two", { kind: "waits", who: 0, index: 1, others: 2 }, true],
  ["two", "closed", { kind: "closes", who: 1, index: 1, others: 2 }, false],
  ["one", "waiting", { kind: "waits", who: 1, index: 1, others: 1 }, true],
];

for (const [one, other, difference, danger] of DIFFERENCES) {
  Deno.test(`differenceOf() of ${one} and ${other} is ${difference.kind}`, () => {
    assert.deepEqual(differenceOf(READINGS[one], READINGS[other]), difference);
    assert.equal(isDangerous(difference), danger);
  });
}

Deno.test("lenient parsers see a request that strict ones refuse", () => {
  const read = (mode: LlhttpMode) => readWithLlhttp(exampleBytes("cl-te"), mode);
  const { messages } = read("lenient");
  assert.deepEqual(messages.map(({ target, from, to }) => [target, from, to]), [
    ["/", 0, 81],
    ["/smuggled", 81, 116],
  ]);
  assert.deepEqual(read("strict").refusal, {
    code: "HPE_INVALID_TRANSFER_ENCODING",
    reason: "Transfer-Encoding can't be present with Content-Length",
    at: 64,
  });
});
