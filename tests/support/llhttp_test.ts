import assert from "node:assert/strict";
import { everySplit, pieces } from "../../bench/check/cuts.ts";
import { type HttpCase, loadHttpCases } from "../../bench/check/http/cases.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";
import { type LlhttpEvent, LlhttpParser } from "./llhttp.ts";

function parse(text: string, cuts: readonly number[] = []): LlhttpEvent[] {
  using parser = new LlhttpParser();
  return pieces(latin1Bytes(text), cuts).flatMap((piece) => parser.execute(piece));
}

const GET = "GET /a?b HTTP/1.1\r\nHost: h\r\nX-Y:  z \r\nE:\r\n\r\n";
const CHUNKED = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "3\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n";

Deno.test("LlhttpParser: reports method, target, version, fields, body and trailers", () => {
  const common = { major: 1, minor: 1, keepAlive: true };
  assert.deepEqual(parse(GET + CHUNKED), [
    {
      ...common,
      method: "GET",
      target: "/a?b",
      fields: [["Host", "h"], ["X-Y", "z "], ["E", ""]],
      body: "",
      trailers: [],
    },
    {
      ...common,
      method: "POST",
      target: "/",
      fields: [["Host", "h"], ["Transfer-Encoding", "chunked"]],
      body: "abcde",
      trailers: [["T", "u"]],
    },
  ]);
});

Deno.test("LlhttpParser: says the same however the stream is cut", () => {
  const text = GET + CHUNKED + "PUT /x HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello";
  const whole = parse(text);
  assert.equal(whole.length, 3);
  for (const cuts of everySplit(text.length)) assert.deepEqual(parse(text, cuts), whole);
});

Deno.test("LlhttpParser: names the error and parses nothing after it", () => {
  assert.deepEqual(parse("GET / HTTP/1.1\r\nA B: c\r\n\r\n"), [{ error: "INVALID_HEADER_TOKEN" }]);
  using parser = new LlhttpParser();
  assert.equal(parser.execute(latin1Bytes("\0")).length, 1);
  assert.deepEqual(parser.execute(latin1Bytes(GET)), []);
});

Deno.test("LlhttpParser: goes on after an upgrade, and knows an incomplete message", () => {
  const upgrade = "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
  assert.equal(parse(upgrade + GET).length, 2);
  using parser = new LlhttpParser();
  assert.equal(parser.incomplete, false);
  parser.execute(latin1Bytes(GET + "GET"));
  assert.equal(parser.incomplete, true);
});

/** How llhttp's verdict on a case differs from the table's. */
type Difference = "accepts" | "rejects" | "persists otherwise";

function differenceOf(test: HttpCase): Difference | "differs in content" | undefined {
  using parser = new LlhttpParser();
  const events = parser.execute(test.bytes);
  const error = events.find((event) => "error" in event);
  // llhttp's way to say that bytes follow a message after which the connection closes.
  const rejects = error !== undefined && error.error !== "CLOSED_CONNECTION";
  const wantsError = test.events.some((event) => "error" in event);
  if (rejects !== wantsError) return rejects ? "rejects" : "accepts";
  if (rejects) return undefined;
  const wanted = test.events.filter((event) => "method" in event);
  const found = events.filter((event) => "method" in event);
  const closesEarly = error !== undefined && found.length < wanted.length;
  if (closesEarly || wanted.some(({ last }, i) => last === found[i]?.keepAlive)) {
    return "persists otherwise";
  }
  const same = wanted.length === found.length &&
    wanted.every((want, i) =>
      want.method === found[i].method && want.target === found[i].target &&
      want.minor === found[i].minor && want.body === found[i].body
    );
  const waits = test.events.some((event) => "incomplete" in event);
  return same && waits === parser.incomplete ? undefined : "differs in content";
}

interface Group {
  llhttp: Difference;
  row: number;
  because: string;
  cases: string[];
}

Deno.test("cases: llhttp agrees, or a row of the table explains why not", () => {
  const file = new URL("../data/http/llhttp_differences.json", import.meta.url);
  const groups = JSON.parse(Deno.readTextFileSync(file)) as Group[];
  const explained = groups.flatMap(({ llhttp, cases }) =>
    cases.map((name) => `${llhttp}: ${name}`)
  );
  const found = loadHttpCases().flatMap((test) => {
    const difference = differenceOf(test);
    return difference === undefined ? [] : [`${difference}: ${test.name}`];
  });
  assert.deepEqual(explained.sort(), found.sort());
  assert.ok(groups.every(({ row, because }) => row >= 1 && row <= 40 && because !== ""));
});
