/** The HTTP service over the core, without a socket: requests in, effects and output out. */
import assert from "node:assert/strict";
import { Code, Core, CoreMemoryError } from "../../../core/mod.ts";
import type { Answer, HttpRequest, Resource, Streamed } from "../../../servers/http/resource.ts";
import { Effect, type Handed, Phase, type Sender } from "../../../servers/net/service.ts";
import { HttpService } from "../../../servers/http/http_service.ts";
import { latin1Bytes } from "../../../bench/check/latin1.ts";
import {
  fieldOf,
  type HttpResponse,
  ResponseReader,
} from "../../../bench/check/http/response_reader.ts";
import { GuardBlock } from "../../support/guard_block.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A resource that says what it was asked, and answers with what `answers` has for the path. */
class FakeResource implements Resource {
  readonly allow = "GET, HEAD, POST";
  readonly keepsContent: boolean;
  readonly readsContent: boolean;
  readonly canned: Answer | undefined;
  readonly asked: string[] = [];
  readonly contents: string[] = [];
  readonly answers: Record<string, () => Answer | Promise<Answer>> = {};

  constructor({ keepsContent = false, readsContent = false, canned }: {
    keepsContent?: boolean;
    readsContent?: boolean;
    canned?: Answer;
  } = {}) {
    this.keepsContent = keepsContent;
    this.readsContent = readsContent;
    this.canned = canned;
  }

  guard(request: HttpRequest): Answer | undefined {
    return request.target === "/closed" ? { ...textOf("closed"), status: 403 } : undefined;
  }

  answer(request: HttpRequest, content: Uint8Array): Answer | Promise<Answer> {
    this.asked.push(`${request.method} ${request.target}`);
    this.contents.push(String.fromCharCode(...content));
    return this.answers[request.target]?.() ?? textOf(`you asked for ${request.target}`);
  }
}

function textOf(text: string): Answer {
  return { status: 200, fields: [["Content-Type", "text/plain"]], content: latin1Bytes(text) };
}

/** A service with one connection. */
class Harness implements Disposable {
  readonly core: Core;
  readonly service: HttpService;
  readonly conn: number;
  /** What the service printed. */
  readonly printed: string[] = [];
  /** What a sender was given besides the output. */
  sent = "";

  constructor(readonly resource: FakeResource = new FakeResource(), blocks = 8) {
    this.core = Core.create({ blocks });
    const print = (lines: string) => this.printed.push(lines);
    this.service = new HttpService(this.core, resource, { print });
    this.service.tick(NOW_MS);
    this.conn = this.core.open();
    this.service.opened(this.conn, "127.0.0.1");
  }

  /** Receives `text`. @returns what the driver shall do */
  receive(text: string): Effect {
    assert.equal(this.core.receive(this.conn, latin1Bytes(text)), text.length);
    return this.service.receive(this.conn);
  }

  /** Blocks of output that wait. */
  get outBlocks(): number {
    return this.core.blocksUsed - 1;
  }

  /** Takes the output, as the driver does when it sends it. */
  takeOutput(): string {
    const { core, conn } = this;
    let text = "";
    for (let block = core.outBlock(conn); block !== 0; block = core.outBlock(conn)) {
      text += String.fromCharCode(...core.outView(block));
      core.dropOutBlock(conn);
    }
    return text;
  }

  /** Takes the output as responses to requests with these methods. */
  takeResponses(...methods: string[]): HttpResponse[] {
    const reader = new ResponseReader(methods);
    return reader.push(latin1Bytes(this.takeOutput()));
  }

  /** Calls `respond` with a sender that collects. */
  respond(): Promise<Effect> {
    const sender: Sender = {
      sentBytes: 0,
      flush: () => Promise.resolve(void (this.sent += this.takeOutput())),
      write: (view) => Promise.resolve(void (this.sent += String.fromCharCode(...view))),
    };
    return this.service.respond(this.conn, sender);
  }

  [Symbol.dispose](): void {
    this.service.closed(this.conn);
    this.core.close(this.conn);
    assert.equal(this.core.blocksUsed, 0, "all memory came back");
  }
}

function get(path: string, fields = ""): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
}

function bodyOf({ body }: HttpResponse): string {
  return body;
}

Deno.test("pipelined requests are answered in order, in one block of output", () => {
  using harness = new Harness();
  const paths = Array.from({ length: 16 }, (_, i) => `/${i}`);
  assert.equal(harness.receive(paths.map((path) => get(path)).join("")), Effect.Read);
  assert.equal(harness.outBlocks, 1);
  const responses = harness.takeResponses(...paths.map(() => "GET"));
  assert.deepEqual(responses.map(bodyOf), paths.map((path) => `you asked for ${path}`));
  assert.equal(harness.core.served(harness.conn), 16);
  assert.equal(harness.outBlocks, 0);
});

Deno.test("canned answers and the resource's own stay in order", () => {
  using harness = new Harness(new FakeResource({ canned: textOf("canned") }));
  harness.receive(
    get("/") + "POST /a HTTP/1.1\r\nHost: x\r\n\r\n" + get("/") + get("/", "TE: x\r\n"),
  );
  assert.equal(harness.outBlocks, 1);
  const bodies = harness.takeResponses("GET", "POST", "GET", "GET").map(bodyOf);
  assert.deepEqual(bodies, ["canned", "you asked for /a", "canned", "canned"]);
  assert.deepEqual(harness.resource.asked, ["POST /a"]);
});

Deno.test("canned and written heads are the same", () => {
  const answer = textOf("you asked for /");
  using canned = new Harness(new FakeResource({ canned: answer }));
  using written = new Harness();
  for (const method of ["GET", "HEAD"]) {
    const request = `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`;
    canned.receive(request);
    written.receive(request);
    const head = canned.takeOutput();
    assert.equal(head, written.takeOutput());
    assert.match(head, /\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\nServer: ktcp\r\n/);
    assert.equal(head.endsWith("\r\n\r\n"), method === "HEAD");
  }
  assert.deepEqual(canned.resource.asked, []);
});

Deno.test("a request that arrives byte by byte is answered once it is complete", () => {
  using harness = new Harness();
  const request = get("/slow", "Accept: */*\r\n");
  for (const byte of request.slice(0, -1)) {
    assert.equal(harness.receive(byte), Effect.Read);
    assert.equal(harness.outBlocks, 0);
    assert.equal(harness.service.phase(harness.conn), Phase.Head);
  }
  harness.receive(request.slice(-1));
  assert.equal(harness.service.phase(harness.conn), Phase.Idle);
  assert.equal(harness.takeResponses("GET").length, 1);
});

/** Requests, what the driver does after them, and the Connection field of the answer. */
const PERSISTENCE: [request: string, effect: Effect, connection: string | undefined][] = [
  ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", Effect.Read, undefined],
  ["GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", Effect.Linger, "close"],
  ["GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, CLOSE\r\n\r\n", Effect.Linger, "close"],
  ["GET / HTTP/1.0\r\n\r\n", Effect.Linger, "close"],
  ["GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", Effect.Read, "keep-alive"],
];

for (const [request, effect, connection] of PERSISTENCE) {
  Deno.test(`persistence of ${JSON.stringify(request)}`, () => {
    using harness = new Harness();
    assert.equal(harness.receive(request), effect);
    const output = harness.takeOutput();
    assert.equal(/^Connection: (.*)\r$/m.exec(output)?.[1], connection);
  });
}

Deno.test("what follows a request that closes is not answered", () => {
  using harness = new Harness();
  assert.equal(harness.receive(get("/a", "Connection: close\r\n") + get("/b")), Effect.Linger);
  assert.deepEqual(harness.takeResponses("GET").map(bodyOf), ["you asked for /a"]);
  assert.deepEqual(harness.resource.asked, ["GET /a"]);
});

Deno.test("drain() closes with the next answer, canned ones too", () => {
  using harness = new Harness(new FakeResource({ canned: textOf("canned") }));
  harness.service.drain();
  harness.service.tick(NOW_MS + 1000);
  assert.equal(harness.receive(get("/")), Effect.Linger);
  assert.match(harness.takeOutput(), /\r\nConnection: close\r\n/);
});

Deno.test("Expect: 100-continue gets 100 when the content is held back, else nothing", () => {
  using harness = new Harness(new FakeResource({ keepsContent: true }));
  harness.resource.answers["/e"] = () => ({ status: 200, fields: [], content: "request" });
  const head = "POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  assert.equal(harness.receive(head), Effect.Read);
  assert.equal(harness.takeOutput(), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.equal(harness.service.phase(harness.conn), Phase.Content);
  assert.equal(harness.receive("abc"), Effect.Read);
  assert.deepEqual(harness.takeResponses("POST").map(bodyOf), ["abc"]);
  harness.receive(head + "def");
  assert.deepEqual(harness.takeResponses("POST").map(({ status }) => status), [200]);
});

Deno.test("Expect: a refusal comes at once, and the connection lingers", () => {
  for (
    const [head, status] of [
      ["NOPE / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 501],
      ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: magic\r\n\r\n", 417],
    ] as const
  ) {
    using harness = new Harness();
    assert.equal(harness.receive(head), Effect.Linger);
    const [response] = harness.takeResponses("POST");
    assert.equal(response.status, status);
    assert.deepEqual(harness.resource.asked, []);
  }
});

Deno.test("HEAD has GET's head and no content, kept or streamed", async () => {
  using harness = new Harness();
  harness.receive(get("/"));
  const whole = harness.takeOutput();
  harness.receive("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.equal(harness.takeOutput(), whole.slice(0, whole.indexOf("\r\n\r\n") + 4));

  const stream = streamOf(["abc"]);
  harness.resource.answers["/s"] = () => ({ status: 200, fields: [], content: stream, length: 3 });
  assert.equal(harness.receive("HEAD /s HTTP/1.1\r\nHost: x\r\n\r\n"), Effect.Respond);
  assert.equal(await harness.respond(), Effect.Flush);
  assert.match(harness.takeOutput(), /\r\nContent-Length: 3\r\n\r\n$/);
  assert.deepEqual([harness.sent, stream.sends, stream.cancels], ["", 0, 1]);
});

/** Errors after which nothing more is read, and their status. */
const FAULTS: [request: string, status: number][] = [
  ["GET / HTTP/1.1\r\n\r\n", 400],
  ["GET / HTTP/1.1\nHost: x\r\n\r\n", 400],
  ["\x16\x03\x01\x02\x00", 400],
  ["GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505],
  [`GET /${"a".repeat(9000)} HTTP/1.1\r\n`, 414],
  [`GET / HTTP/1.1\r\nHost: x\r\nA: ${"a".repeat(17000)}\r\n`, 431],
  ["POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", 413],
  ["POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
];

for (const [request, status] of FAULTS) {
  Deno.test(`${JSON.stringify(request.slice(0, 50))} lingers after ${status}`, () => {
    using harness = new Harness();
    const before = get("/before");
    assert.equal(harness.receive(before + request), Effect.Linger);
    const [first, error] = harness.takeResponses("GET", "GET");
    assert.deepEqual([first.status, error.status], [200, status]);
    assert.match(bodyOf(error), /^[A-Z].{10,80}\n$/);
    assert.deepEqual(harness.resource.asked, ["GET /before"]);
  });
}

Deno.test("an error behind HEAD has its content, unless the faulty request is HEAD itself", () => {
  const head = "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n";
  const cases: [string, RegExp][] = [
    [head + "GET / HTTP/1.1\nHost: x\r\n\r\n", /\r\n\r\n[A-Z].*\n$/],
    [head + "?", /\r\n\r\n[A-Z].*\n$/],
    [head + "\x00", /\r\n\r\n[A-Z].*\n$/],
    ["HEAD / HTTP/1.1\r\nHost : x\r\n\r\n", /\r\n\r\n$/],
  ];
  for (const [text, end] of cases) {
    using harness = new Harness();
    assert.equal(harness.receive(text), Effect.Linger);
    assert.match(harness.takeOutput(), end);
  }
  using late = new Harness();
  late.receive(head + "GE");
  late.service.expire(late.conn);
  assert.match(late.takeOutput(), /\r\n\r\n[A-Z].*\n$/);
});

Deno.test("finish() and expire() answer a request that is not complete", () => {
  const cases: [string, (harness: Harness) => Effect, number][] = [
    ["GET / HT", ({ service, conn }) => service.finish(conn), 400],
    ["GET / HT", ({ service, conn }) => service.expire(conn), 408],
    [
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
      ({ service, conn }) => service.expire(conn),
      408,
    ],
  ];
  for (const [text, end, status] of cases) {
    using harness = new Harness();
    assert.equal(harness.receive(text), Effect.Read);
    assert.equal(end(harness), Effect.Linger);
    assert.equal(harness.takeResponses("GET")[0].status, status);
  }
  using idle = new Harness();
  idle.receive(get("/"));
  assert.equal(idle.service.finish(idle.conn), Effect.Close);
});

Deno.test("the request's content comes back whole, in parts and in chunks", () => {
  using harness = new Harness(new FakeResource({ keepsContent: true }));
  harness.resource.answers["/e"] = () => ({ status: 200, fields: [], content: "request" });
  const head = "POST /e HTTP/1.1\r\nHost: x\r\n";
  harness.receive(`${head}Content-Length: 10\r\n\r\n01234`);
  assert.equal(harness.receive("56789" + get("/after")), Effect.Read);
  assert.deepEqual(harness.takeResponses("POST", "GET").map(bodyOf), [
    "0123456789",
    "you asked for /after",
  ]);
  harness.receive(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\n`);
  harness.receive("de\r\n0\r\nTrailer: z\r\n\r\n");
  const [response] = harness.takeResponses("POST");
  assert.equal(bodyOf(response), "abcde");
  assert.equal(fieldOf(response, "content-length"), "5");
});

Deno.test("a resource that reads content is given it as a whole, and no other's", () => {
  using harness = new Harness(new FakeResource({ readsContent: true }));
  const post = (target: string, content: string) =>
    `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
  harness.receive(post("/a", "first") + post("/b", "") + post("/c", "second").slice(0, -3));
  harness.receive("o");
  harness.receive("nd" + get("/d"));
  harness.receive(
    "POST /e HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r",
  );
  harness.receive("\n0\r\n\r\n");
  assert.deepEqual(harness.resource.contents, ["first", "", "second", "", "abc"]);
  assert.equal(harness.takeResponses("POST", "POST", "POST", "GET", "POST").length, 5);
  using other = new Harness();
  other.receive(post("/a", "dropped"));
  assert.deepEqual(other.resource.contents, [""]);
  other.takeOutput();
});

Deno.test("content for a resource is not received when its guard refuses", () => {
  using harness = new Harness(new FakeResource({ readsContent: true }));
  const head = "POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
  assert.equal(harness.receive(head), Effect.Linger);
  const [response] = harness.takeResponses("POST");
  assert.deepEqual([response.status, bodyOf(response)], [403, "closed"]);
  assert.deepEqual(harness.resource.asked, []);
});

Deno.test("a client that waits for permission to send content for a resource gets it once", () => {
  using harness = new Harness(new FakeResource({ readsContent: true }));
  const head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  harness.receive(head);
  assert.equal(harness.takeOutput(), "HTTP/1.1 100 Continue\r\n\r\n");
  harness.receive("ab");
  assert.deepEqual(harness.resource.contents, ["ab"]);
  assert.equal(harness.takeResponses("POST").length, 1);
});

Deno.test("content of several blocks is moved, not copied, and its memory comes back", () => {
  using harness = new Harness(new FakeResource({ keepsContent: true }));
  harness.resource.answers["/e"] = () => ({ status: 200, fields: [], content: "request" });
  const { core, conn } = harness;
  const content = "x".repeat(core.blockCapacity + 5000);
  harness.receive(`POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: ${content.length}\r\n\r\n`);
  for (let at = 0; at < content.length; at += 5000) harness.receive(content.slice(at, at + 5000));
  assert.equal(harness.outBlocks, 3, "the head's block, and two that were set aside");
  assert.equal(harness.takeResponses("POST").map(bodyOf)[0], content);
  assert.equal(core.outBlock(conn), 0);
  assert.equal(harness.outBlocks, 0);
});

Deno.test("content that was set aside is dropped when the answer does not use it", () => {
  using harness = new Harness(new FakeResource({ keepsContent: true }));
  const head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
  harness.receive(head + "abc");
  assert.equal(harness.outBlocks, 1);
  harness.receive("de");
  harness.takeOutput();
  assert.equal(harness.outBlocks, 0);
});

Deno.test("a request for whose answer there is no memory is answered with 503", async (t) => {
  const post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n" + "x".repeat(30_000);
  const cases: Record<string, { keepsContent?: boolean; text: string; methods?: string[] }> = {
    "an answer": { text: get("/") },
    "an answer to HEAD": { text: "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", methods: ["HEAD"] },
    "an answer that comes later": { text: get("/later") },
    "the head of streamed content": { text: get("/stream") },
    "content that is set aside": { keepsContent: true, text: post, methods: ["POST"] },
    "the permission to send content": {
      text: "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
      methods: ["POST"],
    },
    "a refusal": { text: get("/", "Expect: more\r\n") },
  };
  for (const [name, { keepsContent, text, methods = ["GET"] }] of Object.entries(cases)) {
    await t.step(name, async () => {
      using harness = new Harness(new FakeResource({ keepsContent }), 1);
      const stream = streamOf(["abc"]);
      harness.resource.answers["/later"] = () => Promise.resolve(textOf("at last"));
      harness.resource.answers["/stream"] = () => ({ status: 200, fields: [], content: stream });
      let effect = harness.receive(text);
      if (effect === Effect.Respond) effect = await harness.respond();
      assert.equal(effect, Effect.Linger);
      const [response] = harness.takeResponses(...methods);
      assert.equal(response.status, 503);
      assert.equal(fieldOf(response, "connection"), "close");
      assert.equal(harness.core.code(harness.conn), Code.OutOfMemory);
      assert.equal(stream.sends, 0);
      if (name.includes("streamed")) assert.equal(stream.cancels, 1);
    });
  }
  await t.step("an answer of which a part would have fitted", () => {
    using harness = new Harness(new FakeResource(), 3);
    harness.resource.answers["/large"] = () => ({
      ...textOf("x".repeat(10_000)),
      fields: [["X", "y".repeat(90_000)]],
    });
    assert.equal(harness.receive(get("/a") + get("/large")), Effect.Linger);
    const responses = harness.takeResponses("GET", "GET");
    assert.deepEqual(responses.map(({ status }) => status), [200, 503]);
    assert.equal(bodyOf(responses[0]), "you asked for /a");
  });
});

Deno.test("streamed content that runs out of memory closes, and says why to the driver", async () => {
  using harness = new Harness();
  const stream = {
    ...streamOf([]),
    send: () => Promise.reject(new CoreMemoryError()),
  };
  harness.resource.answers["/s"] = () => ({ status: 200, fields: [], content: stream, length: 6 });
  harness.receive(get("/s"));
  assert.equal(await harness.respond(), Effect.Close);
  assert.equal(harness.core.code(harness.conn), Code.OutOfMemory);
});

Deno.test("a fault is answered without memory, and takes what was set aside", () => {
  using harness = new Harness(new FakeResource({ keepsContent: true }), 2);
  const { core, conn, service } = harness;
  harness.receive("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\nabc");
  assert.equal(core.blocksUsed, 2);
  assert.equal(service.expire(conn), Effect.Linger);
  assert.equal(core.blocksUsed, 1);
  const [{ status, body }] = harness.takeResponses("POST");
  assert.deepEqual([status, body], [408, "The request did not arrive in time\n"]);
});

Deno.test("answers of a pipelined batch never fill more than one block", () => {
  for (const size of [0, 100, 5000, 20_000]) {
    using harness = new Harness();
    const { core, conn, service } = harness;
    harness.resource.answers["/x"] = () => textOf("x".repeat(size));
    const count = 200;
    let effect = harness.receive(get("/x").repeat(count));
    let output = "";
    for (; effect === Effect.Flush; effect = service.receive(conn)) {
      assert.equal(harness.outBlocks, 1);
      output += harness.takeOutput();
    }
    assert.equal(effect, Effect.Read);
    output += harness.takeOutput();
    const reader = new ResponseReader(Array<string>(count).fill("GET"));
    const responses = reader.push(latin1Bytes(output));
    assert.equal(responses.length, count);
    assert.ok(responses.every(({ body }) => body.length === size));
    assert.equal(core.served(conn), count);
  }
});

Deno.test("a head of any length comes whole, and touches no other block", () => {
  for (const length of [10_000, 49_000, 60_000, 200_000]) {
    using harness = new Harness();
    const { core } = harness;
    const value = "v".repeat(length);
    harness.resource.answers["/x"] = () => ({ ...textOf("content"), fields: [["X-Long", value]] });
    const guards = [new GuardBlock(core), new GuardBlock(core)];
    harness.receive(get("/x"));
    const [response] = harness.takeResponses("GET");
    assert.equal(fieldOf(response, "x-long"), value);
    assert.equal(bodyOf(response), "content");
    assert.ok(guards.every((guard) => guard.isIntact));
    guards.forEach((guard) => guard.close());
  }
});

interface CountedStream extends Streamed {
  sends: number;
  cancels: number;
}

/** Streamed content; without `isWhole` it breaks off after its pieces. */
function streamOf(pieces: string[], isWhole = true): CountedStream {
  return {
    sends: 0,
    cancels: 0,
    async send(sender: Sender) {
      ++this.sends;
      for (const piece of pieces) await sender.write(latin1Bytes(piece));
      return isWhole;
    },
    cancel() {
      ++this.cancels;
    },
  };
}

Deno.test("streamed content goes out behind what waits, and the next request is answered", async () => {
  using harness = new Harness();
  const stream = streamOf(["abc", "def"]);
  harness.resource.answers["/s"] = () => ({ status: 200, fields: [], content: stream, length: 6 });
  assert.equal(harness.receive(get("/a") + get("/s") + get("/b")), Effect.Respond);
  assert.deepEqual(harness.resource.asked, ["GET /a", "GET /s"]);
  assert.equal(await harness.respond(), Effect.Flush);
  assert.equal(harness.service.receive(harness.conn), Effect.Read);
  const reader = new ResponseReader(["GET", "GET", "GET"]);
  const bodies = reader.push(latin1Bytes(harness.sent + harness.takeOutput())).map(bodyOf);
  assert.deepEqual(bodies, ["you asked for /a", "abcdef", "you asked for /b"]);
  assert.deepEqual([stream.sends, stream.cancels], [1, 1]);
});

Deno.test("streamed content of unknown length is chunked in 1.1, and ends with 1.0's connection", async () => {
  using harness = new Harness();
  const answer = () => ({ status: 200, fields: [], content: streamOf(["abc", "", "de"]) });
  harness.resource.answers["/s"] = answer;
  harness.receive(get("/s"));
  assert.equal(await harness.respond(), Effect.Flush);
  assert.match(
    harness.sent,
    /\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n$/,
  );
  harness.sent = "";
  harness.receive("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert.equal(await harness.respond(), Effect.Linger);
  assert.match(harness.sent, /\r\nConnection: close\r\n\r\nabcde$/);
});

Deno.test("streamed content that breaks off closes the connection", async () => {
  using harness = new Harness();
  const stream = streamOf(["abc"], false);
  harness.resource.answers["/s"] = () => ({ status: 200, fields: [], content: stream, length: 9 });
  harness.receive(get("/s"));
  assert.equal(await harness.respond(), Effect.Close);
  assert.equal(stream.cancels, 1);
});

Deno.test("an answer that comes later is waited for", async () => {
  using harness = new Harness();
  harness.resource.answers["/later"] = () => Promise.resolve(textOf("at last"));
  assert.equal(harness.receive(get("/later") + get("/b")), Effect.Respond);
  assert.equal(await harness.respond(), Effect.Flush);
  harness.service.receive(harness.conn);
  const bodies = harness.takeResponses("GET", "GET").map(bodyOf);
  assert.deepEqual(bodies, ["at last", "you asked for /b"]);
});

Deno.test("an answer that is handed over and is stale by then is made anew, at last given up", async () => {
  using harness = new Harness();
  const { service, conn, resource } = harness;
  const stream = streamOf(["abc"]);
  resource.answers["/s"] = () => ({
    status: 200,
    fields: [],
    length: 3,
    content: Object.assign(stream, { detach: () => ({ of: "abc" }) }),
  });
  Object.assign(resource, { attach: () => undefined });
  assert.equal(harness.receive(get("/s")), Effect.Respond);
  for (let tries = 1; tries <= 5; ++tries) {
    assert.equal(service.takeOver(conn, await service.handOver(conn) as Handed), false);
    assert.equal(service.retry(conn, tries), Effect.Respond);
  }
  assert.equal(stream.cancels, 5, "what was handed over is given back");
  Object.assign(resource, { attach: () => stream });
  assert.ok(service.takeOver(conn, await service.handOver(conn) as Handed));
  assert.equal(await harness.respond(), Effect.Flush);
  assert.match(harness.sent, /abc$/);
  assert.equal(service.retry(conn, 6), Effect.Read);
  assert.match(harness.takeOutput(), /^HTTP\/1\.1 503 /);
});

Deno.test("large bytes are handed over in blocks, or beside them where those run short", async () => {
  const bytes = latin1Bytes("abcdefgh".repeat(4096));
  for (const blocks of [64, 12]) {
    using harness = new Harness(new FakeResource(), blocks);
    const { core, service, conn } = harness;
    harness.resource.answers["/large"] = () => ({ ...textOf(""), content: bytes });
    // The output of another connection holds most of the few.
    const other = core.open();
    if (blocks === 12) core.sendBytes(other, new Uint8Array(9 * core.blockCapacity));
    const held = harness.outBlocks;
    assert.equal(harness.receive(get("/large")), Effect.Respond);
    const handed = structuredClone(await service.handOver(conn) as Handed);
    assert.equal(harness.outBlocks > held, blocks === 64);
    assert.ok(service.takeOver(conn, handed));
    assert.equal(await harness.respond(), Effect.Flush);
    assert.equal(
      harness.sent.slice(-bytes.length),
      String.fromCharCode(...bytes.subarray(0, 8)).repeat(4096),
    );
    core.close(other);
  }
});

Deno.test("a resource that throws is reported, and gets a whole 500; the connection goes on", async () => {
  using harness = new Harness();
  const { answers } = harness.resource;
  answers["/now"] = () => {
    throw new TypeError("a bug");
  };
  answers["/later"] = () => Promise.reject(new TypeError("a bug"));
  assert.equal(harness.receive("GET /now HTTP/1.1\r\nHost: a\r\n\r\n"), Effect.Read);
  assert.deepEqual(harness.takeResponses("GET").map(({ status }) => status), [500]);
  assert.equal(harness.receive("GET /later HTTP/1.1\r\nHost: a\r\n\r\n"), Effect.Respond);
  assert.equal(await harness.respond(), Effect.Flush);
  assert.deepEqual(harness.takeResponses("GET").map(({ status }) => status), [500]);
  assert.deepEqual(
    harness.printed,
    Array(2).fill(
      "ktcp: internal error: TypeError: a bug (please report this)\n",
    ),
  );
  assert.equal(harness.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Effect.Read);
  assert.deepEqual(harness.takeResponses("GET").map(({ status }) => status), [200]);
});
