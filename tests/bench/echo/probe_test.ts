/** What one message before a run finds out about a server. */
import assert from "node:assert/strict";
import { probeEcho, type ProbeVerdict, verdictOn } from "../../../bench/echo/probe.ts";
import { startBlackHole } from "../../support/black_hole.ts";
import {
  echo,
  type Handler,
  readAll,
  startNone,
  startServer,
  writeAll,
} from "../../support/echo_servers.ts";
import { readRequests, response } from "../../support/http_load_servers.ts";

const OPTIONS = { sizeBytes: 64, timeoutMs: 5000 };

/** Answers each piece that comes with `answer(piece)`. */
function perRead(answer: (piece: Uint8Array) => Uint8Array): Handler {
  return async (conn) => {
    const buffer = new Uint8Array(4096);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      await writeAll(conn, answer(buffer.slice(0, count)));
    }
  };
}

function padded(bytes: number): Handler {
  return perRead((piece) => {
    const answer = new Uint8Array(bytes);
    answer.set(piece.subarray(0, bytes));
    return answer;
  });
}

const http: Handler = async (conn) => {
  for await (const _ of readRequests(conn)) {
    await writeAll(conn, new TextEncoder().encode(response("no", 400)));
  }
};

const banner: Handler = async (conn) => {
  await writeAll(conn, new TextEncoder().encode("SSH-2.0-test\r\n"));
  await readAll(conn);
};

const CASES: [name: string, handler: Handler, changes: object, expected: ProbeVerdict][] = [
  ["an echo server", echo, {}, { kind: "echo" }],
  ["an echo server, with a text", echo, { text: new TextEncoder().encode("x") }, { kind: "echo" }],
  ["an echo server, with a large message", echo, { sizeBytes: 1 << 20 }, { kind: "echo" }],
  ["an HTTP server", http, {}, { kind: "other", answer: "HTTP/1.1 400 X" }],
  ["an HTTP server, with a text", http, { text: new TextEncoder().encode("hello") }, {
    kind: "other",
    answer: "HTTP/1.1 400 X",
  }],
  ["a server with a greeting", banner, {}, { kind: "other", answer: "SSH-2.0-test" }],
  ["a server that pads to 512 bytes", padded(512), {}, {
    kind: "padded",
    answerBytes: 512,
    isFixed: true,
    isRepeated: false,
  }],
  ["a server that repeats", perRead((piece) => new Uint8Array([...piece, ...piece])), {}, {
    kind: "padded",
    answerBytes: 128,
    isFixed: false,
    isRepeated: true,
  }],
  ["a server that adds a byte", perRead((piece) => new Uint8Array([...piece, 10])), {}, {
    kind: "padded",
    answerBytes: 65,
    isFixed: false,
    isRepeated: false,
  }],
  ["a server that says nothing", readAll, {}, { kind: "unclear" }],
];

for (const [name, handler, changes, expected] of CASES) {
  Deno.test(`probeEcho() recognizes ${name}`, async () => {
    await using server = startServer(handler);
    const target = { hostname: "127.0.0.1", port: server.port };
    assert.deepEqual(await probeEcho(target, { ...OPTIONS, ...changes }), expected);
  });
}

Deno.test("probeEcho() leaves a refusal to the run, and tells what is not reached", async () => {
  await using none = await startNone();
  const refused = await probeEcho({ hostname: "127.0.0.1", port: none.port }, OPTIONS);
  assert.deepEqual(refused, { kind: "unclear" });
  await using hole = await startBlackHole("127.0.0.1");
  const target = { hostname: "127.0.0.1", port: hole.port };
  assert.deepEqual(await probeEcho(target, { ...OPTIONS, timeoutMs: 100 }), {
    kind: "unreachable",
    reason: "no answer within 100 ms",
  });
});

Deno.test("verdictOn() takes an echo with wrong bytes for one that the run has to count", () => {
  const message = new TextEncoder().encode("0123456789");
  assert.equal(verdictOn(message, message.with(5, 0)).kind, "unclear");
  assert.equal(verdictOn(message, message.subarray(0, 3)).kind, "unclear");
  assert.equal(verdictOn(message, new TextEncoder().encode("hello")).kind, "other");
});
