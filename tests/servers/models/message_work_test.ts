/** Work for each message: how often it is done, on which answers, and that it changes none. */
import assert from "node:assert/strict";
import { Core, DEFAULT_LIMITS } from "../../../core/mod.ts";
import { EchoService } from "../../../servers/echo/echo_service.ts";
import { helloResource } from "../../../servers/http/hello.ts";
import { HttpService } from "../../../servers/http/http_service.ts";
import { type MessageWork, serve, sumCounters, type WorkKind } from "../../../servers/mod.ts";
import { measureWork, withWork, workFunction } from "../../../servers/models/message_work.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { Effect, Phase, type Service } from "../../../servers/net/service.ts";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import {
  FEW_SETUPS,
  forEachSetup,
  serverOptions,
  type Setup,
  SETUPS,
} from "../../support/setups.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const BAD = "GET / HTTP/1.1\r\n\r\n";

const root = Deno.makeTempDirSync({ prefix: "ktcp-work-" });
const LARGE_BYTES = 3 << 20;
Deno.writeTextFileSync(`${root}/small.txt`, "small");
Deno.writeFileSync(`${root}/large.bin`, new Uint8Array(LARGE_BYTES));
// The tag of a file that was changed just now is weak, and becomes strong.
for (const name of ["small.txt", "large.bin"]) Deno.utimeSync(`${root}/${name}`, 1e9, 1e9);
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

/** `service` over a core of its own, one connection, and how often its work was done. */
function counting(make: (core: Core) => Service) {
  const core = Core.create({ blocks: 8 });
  let count = 0;
  const service = withWork(make(core), core, () => ++count);
  service.tick?.(Date.now());
  const conn = core.open();
  return {
    /** Lets the service receive `text`. @returns how often the work was done for it */
    async receive(text: string): Promise<number> {
      const before = count;
      const bytes = new TextEncoder().encode(text);
      core.inputView(conn, undefined).set(bytes);
      core.received(conn, bytes.length);
      let effect = await service.receive(conn);
      while (effect === Effect.SendPiece) effect = await service.receive(conn);
      while (core.outBlock(conn) !== 0) core.dropOutBlock(conn);
      return count - before;
    },
    service,
    conn,
    count: () => count,
  };
}

const http = (core: Core) => new HttpService(core, helloResource);
/** Whose core answers nothing by itself. */
const pooledHttp = (core: Core) => new HttpService(core, helloResource, { isPooled: true });
const echo = (core: Core) => new EchoService(core, { bufferBytes: 20 });

for (
  const { name, make, text, expected } of [
    { name: "a request", make: http, text: GET, expected: 1 },
    { name: "requests that the core answers", make: http, text: GET.repeat(16), expected: 16 },
    {
      name: "requests that the host answers",
      make: pooledHttp,
      text: GET.repeat(16),
      expected: 16,
    },
    { name: "a part of a request", make: http, text: GET.slice(0, 9), expected: 0 },
    { name: "requests and a part", make: http, text: GET + GET + GET.slice(0, 9), expected: 2 },
    { name: "a request that is refused", make: http, text: BAD, expected: 1 },
    { name: "a short message", make: echo, text: "hello", expected: 1 },
    { name: "a message of two pieces", make: echo, text: "x".repeat(31), expected: 2 },
  ]
) {
  Deno.test(`withWork(): ${name}: done ${expected} times`, async () => {
    assert.equal(await counting(make).receive(text), expected);
  });
}

Deno.test("withWork(): an answer that is made later is worked for once, also when it is made again", async () => {
  const asynchronous = (): Service => ({
    receive: () => Effect.Respond,
    respond: () => Promise.resolve(Effect.Read),
    handOver: () => Promise.resolve({ handed: true }),
    retry: () => Effect.Respond,
    finish: () => Effect.Close,
    phase: () => Phase.Idle,
    expire: () => Effect.Close,
  });
  const { service, conn, receive, count } = counting(asynchronous);
  assert.equal(await receive("x"), 0);
  await service.respond!(conn, { sentBytes: 0, flush: async () => {}, write: async () => {} });
  assert.equal(count(), 1);
  await receive("x");
  await service.handOver!(conn);
  assert.equal(count(), 2);
  // The answer could not be sent, and is made again.
  service.retry!(conn, 1);
  await service.handOver!(conn);
  assert.equal(count(), 2);
  await receive("x");
  await service.handOver!(conn);
  assert.equal(count(), 3);
});

Deno.test("withWork(): a service that only answers at once gets no other methods", () => {
  const { service } = counting(echo);
  const optional = [service.retry, service.respond, service.handOver];
  assert.deepEqual(optional, [undefined, undefined, undefined]);
});

Deno.test("workFunction(): a blocked thread sleeps at least as long as it was told", () => {
  for (const timeUs of [1, 1000, 20_000]) {
    const work = workFunction(measureWork({ kind: "block", timeUs }));
    const startMs = performance.now();
    for (let i = 0; i < 5; ++i) work();
    // A clock of the kernel's and one of the runtime's may differ by a little.
    assert.ok(performance.now() - startMs >= 5 * timeUs / 1000 * 0.99, `${timeUs} us`);
  }
});

Deno.test("workFunction(): computing takes about the time, whatever disturbs a part of the calls", () => {
  for (const timeUs of [50, 1000]) {
    const work = workFunction(measureWork({ kind: "compute", timeUs }));
    const timesUs = Array.from({ length: 40 }, () => {
      const startMs = performance.now();
      work();
      return (performance.now() - startMs) * 1000;
    });
    const least = Math.min(...timesUs);
    assert.ok(least > timeUs / 2 && least < timeUs * 2, `${least} us instead of ${timeUs}`);
  }
});

Deno.test("measureWork(): the shortest work is a step at least", () => {
  const work = measureWork({ kind: "compute", timeUs: 1e-6 });
  assert.ok(work.kind === "compute" && work.steps === 1);
  workFunction(work)();
});

// Over real sockets

const WORK_MS = 10;

/** Measured once: computing takes some time to measure. */
const WORK: Record<WorkKind, MessageWork> = {
  block: measureWork({ kind: "block", timeUs: WORK_MS * 1000 }),
  compute: measureWork({ kind: "compute", timeUs: WORK_MS * 1000 }),
};

/** Sends `text`, and reads `length` bytes. @returns them, and how long that took */
async function exchange(conn: Deno.Conn, text: string, length: number) {
  const back = new Uint8Array(length);
  const startMs = performance.now();
  await Promise.all([writeAll(conn, new TextEncoder().encode(text)), readFull(conn, back)]);
  return { text: new TextDecoder("latin1").decode(back), ms: performance.now() - startMs };
}

interface Case {
  name: string;
  service: ServiceOptions;
  text: string;
  messages: number;
  kinds: readonly WorkKind[];
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const limits = DEFAULT_LIMITS;
const CASES: readonly Case[] = [
  {
    name: "echo, two pieces",
    service: { kind: "echo", bufferBytes: 20, verbose: false },
    text: "a message of 31 bytes, in pieces",
    messages: 2,
    kinds: ["block"],
  },
  {
    name: "http, three pipelined",
    service: { kind: "http", content: "hello", limits },
    text: GET.repeat(3),
    messages: 3,
    kinds: ["block", "compute"],
  },
  {
    name: "http, a small file twice",
    service: { kind: "http", content: "dir", directory: { root }, limits },
    text: get("/small.txt").repeat(2),
    messages: 2,
    kinds: ["block"],
  },
  {
    name: "http, a file that is streamed",
    service: { kind: "http", content: "dir", directory: { root }, limits },
    text: get("/large.bin"),
    messages: 1,
    kinds: ["block"],
  },
];

/** What `service` answers to `text` in `setup`, after it has answered it once. */
async function answers(setup: Setup, { service, text, messages }: Case, work?: MessageWork) {
  const server = await serve({
    ...serverOptions(setup),
    service: { ...service, work },
    workers: 1,
    onNote: () => {},
  });
  try {
    using conn = await connect(server.port);
    await conn.write(new TextEncoder().encode(text));
    const length = service.kind === "echo" ? text.length : await answerLength(conn, text);
    // Its first answer has come: the connection has a Worker, and the core keeps the answer.
    if (service.kind === "echo") await readFull(conn, new Uint8Array(length));
    const first = await exchange(conn, text, length);
    const second = await exchange(conn, text, length);
    return { first, second };
  } finally {
    assert.equal(await server.stop(5000), 0);
    const reports = (await server.observe()).threads;
    const { served } = sumCounters(reports.flatMap((report) => report.counters ?? []));
    assert.equal(served, 3 * messages);
  }
}

/** Reads the answers to the requests in `text`. @returns their length */
async function answerLength(conn: Deno.Conn, text: string): Promise<number> {
  const requests = text.split("GET ").length - 1;
  let received = "";
  const buffer = new Uint8Array(1 << 20);
  for (;;) {
    const heads = [...received.matchAll(/Content-Length: (\d+)\r\n(?:.+\r\n)*\r\n/g)];
    const last = heads.at(-1);
    if (heads.length === requests && last !== undefined) {
      const length = last.index + last[0].length + Number(last[1]);
      if (received.length === length) return length;
    }
    const count = await conn.read(buffer);
    assert.notEqual(count, null, received.slice(0, 300));
    received += new TextDecoder("latin1").decode(buffer.subarray(0, count!));
  }
}

const PLAIN_SETUP = SETUPS.find(({ label }) => label === "single")!;
const plainAnswers = new Map<Case, ReturnType<typeof answers>>();

/** What is answered without work, wherever. */
function plainAnswersTo(one: Case): ReturnType<typeof answers> {
  const known = plainAnswers.get(one);
  if (known !== undefined) return known;
  const plain = answers(PLAIN_SETUP, one);
  plainAnswers.set(one, plain);
  return plain;
}

/** What does not depend on when it was asked: an entity tag is weak while its file is new. */
const undated = (text: string) =>
  text.replace(/^Date: .*$/gm, "").replace(/^ETag: W\//gm, "ETag: ");

forEachSetup(FEW_SETUPS, (setup) => {
  Deno.test(`${setup.label}: work is done for each message, and changes no answer`, async () => {
    for (const one of CASES) {
      const plain = await plainAnswersTo(one);
      for (const kind of one.kinds) {
        const { first, second } = await answers(setup, one, WORK[kind]);
        const label = `${one.name}, ${kind}`;
        assert.equal(undated(first.text), undated(plain.first.text), label);
        assert.equal(undated(second.text), undated(plain.second.text), label);
        // Computing is measured: it may be a little faster than it was then.
        const leastMs = one.messages * WORK_MS * (kind === "block" ? 0.99 : 0.5);
        for (const { ms } of [first, second]) {
          assert.ok(ms >= leastMs, `${label}: ${ms} ms for ${one.messages} messages`);
        }
      }
    }
  });
});
