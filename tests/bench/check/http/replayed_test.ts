/** The judge of replayed requests, against servers that answer every read alike. */
import assert from "node:assert/strict";
import { httpProtocol } from "../../../../bench/check/http/protocol.ts";
import { replayedCases } from "../../../../bench/check/http/replayed.ts";
import { latin1Bytes, latin1Text } from "../../../../bench/check/latin1.ts";
import type { Target } from "../../../../bench/check/target.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const CLOSING = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
const BAD = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** What a server sends for what it reads; it closes behind a final `!`. */
type Answer = (request: string) => string;

/** Answers each head in `request`. */
const each = (answer: string): Answer => (request) =>
  answer.repeat(request.split("\r\n\r\n").length - 1);

async function serve(answer: Answer, use: (port: number) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const handle = async (conn: Deno.Conn) => {
    const buffer = new Uint8Array(65536);
    try {
      for (let n; (n = await conn.read(buffer)) !== null;) {
        const text = answer(latin1Text(buffer.subarray(0, n)));
        await conn.write(latin1Bytes(text.replace(/!$/, "")));
        if (text.endsWith("!")) break;
      }
    } catch {
      // The judge closed.
    }
    conn.close();
  };
  const done = (async () => {
    try {
      for await (const conn of listener) void handle(conn);
    } catch {
      // Stopped.
    }
  })();
  try {
    await use(listener.addr.port);
  } finally {
    listener.close();
    await done;
  }
}

const all = new Map(replayedCases().map((one) => [one.id, one]));

const CL_TE = "framing/smuggling/cl.te-both-framings-the-second-request-in-the-body";
const NO_HOST = "bytes/host/no-host";
const EMPTY_LINE = "bytes/request_line/one-empty-line-before-the-request-line";
const HALF_LINE = "framing/limits/a-request-line-of-8000-bytes-without-end";

const TABLE: [what: string, id: string, Answer, verdict: string, cause?: string][] = [
  ["a served request without Host", NO_HOST, each(OK), "fail", "accepts-host"],
  ["a refused one", NO_HOST, () => BAD + "!", "pass"],
  ["one that is refused by another status", NO_HOST, () => BAD.replace("400", "403"), "fail"],
  ["both framings, refused", CL_TE, () => BAD + "!", "pass"],
  ["both framings, served and closed", CL_TE, () => CLOSING + "!", "pass"],
  ["both framings, served and open", CL_TE, () => OK, "fail", "accepts-framing"],
  ["a request in step", EMPTY_LINE, each(OK), "pass"],
  ["a response to the empty line", EMPTY_LINE, (text) => each(OK)(text).repeat(2), "fail"],
  ["a close that is announced", EMPTY_LINE, () => CLOSING + "!", "pass"],
  ["one that is not", EMPTY_LINE, () => OK + "!", "fail", "unannounced-close"],
  ["a wrong length", EMPTY_LINE, each(OK + "\r\n"), "fail", "wrong-length"],
  ["a server error", EMPTY_LINE, each(OK.replace("200", "500")), "fail", "refuses-line"],
  ["an answer before the head has ended", HALF_LINE, () => OK, "fail", "early"],
  ["no answer to half a head", HALF_LINE, () => "", "pass"],
];

for (const [what, id, answer, verdict, cause] of TABLE) {
  Deno.test(`replayed cases: ${what} is a ${verdict}`, async () => {
    const test = all.get(id);
    assert.ok(test, id);
    await serve(answer, async (port) => {
      const target: Target = {
        kind: "http",
        name: "test",
        address: { hostname: "127.0.0.1", port },
        protocol: httpProtocol({ authority: "a", target: "/" }),
        timeoutMs: 500,
        signal: new AbortController().signal,
      };
      const outcome = await test.run(target);
      assert.equal(outcome.verdict, verdict, outcome.why);
      if (cause !== undefined) assert.equal(outcome.cause ?? test.cause, cause, outcome.why);
    });
  });
}
