/** The driver of a connection, with a stream that is the test's. */
import assert from "node:assert/strict";
import { Core } from "../../../core/mod.ts";
import type { Timeouts } from "../../../servers/net/connection.ts";
import { zeroCounters } from "../../../servers/net/counters.ts";
import { helloResource } from "../../../servers/http/hello.ts";
import { Effect, Phase, type Service } from "../../../servers/net/service.ts";
import { EchoService } from "../../../servers/echo/echo_service.ts";
import { HttpService } from "../../../servers/http/http_service.ts";
import { TimerWheel } from "../../../servers/net/timer_wheel.ts";
import { FakeStream } from "../../support/scripted_stream.ts";
import { serveStream } from "../../support/serve_stream.ts";
import { timed } from "../../support/attempts.ts";
import { until } from "../../support/until.ts";

const NO_TIMEOUTS: Timeouts = { idleMs: 0, headMs: 0, contentMs: 0, writeMs: 0, lingerMs: 0 };
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

interface Setup {
  service?: (core: Core) => Service;
  timeouts?: Partial<Timeouts>;
  blocks?: number;
  writes?: number;
}

const echoService = (core: Core) => new EchoService(core, { bufferBytes: 20 });
const httpService = (core: Core) => new HttpService(core, helloResource);

/** Serves a fake stream. */
function start({ service: make = echoService, timeouts = {}, blocks = 8, writes }: Setup = {}) {
  const core = Core.create({ blocks });
  const service = make(core);
  const counters = zeroCounters();
  const wheel = new TimerWheel(2, () => service.tick?.(Date.now()));
  const stream = new FakeStream();
  const allTimeouts = { ...NO_TIMEOUTS, ...timeouts };
  const context = { core, service, wheel, counters, timeouts: allTimeouts, writes };
  const { connection, ended } = serveStream(context, stream, "192.0.2.1");
  return { core, counters, wheel, stream, connection, ended };
}

Deno.test("Connection: echoes in pieces, whatever a write takes, and counts", async () => {
  const { stream, counters, wheel, core, ended } = start();
  stream.mostPerWrite = 7;
  const message = "0123456789".repeat(5);
  stream.push(message, "x", null);
  assert.equal(await ended, undefined);
  assert.equal(stream.text, message + "x");
  assert.ok(stream.isClosed);
  assert.equal(wheel.size, 0);
  assert.equal(core.blocksUsed, 0);
  const { bytesIn, bytesOut, served, open, connections } = counters;
  assert.deepEqual({ bytesIn, bytesOut, served, open, connections }, {
    bytesIn: 51,
    bytesOut: 51,
    served: 4,
    open: 0,
    connections: 1,
  });
});

for (
  const { name, bytes, writes, mostPerWrite = Infinity, expected } of [
    { name: "one write", bytes: 10, writes: 1, expected: [10] },
    { name: "equal parts", bytes: 20, writes: 4, expected: [5, 5, 5, 5] },
    { name: "nearly equal parts", bytes: 9, writes: 4, expected: [3, 2, 2, 2] },
    { name: "no more parts than bytes", bytes: 2, writes: 5, expected: [1, 1] },
    { name: "each piece of a message", bytes: 31, writes: 2, expected: [10, 10, 6, 5] },
    {
      name: "writes that take less",
      bytes: 12,
      writes: 2,
      mostPerWrite: 4,
      expected: [4, 2, 4, 2],
    },
  ]
) {
  Deno.test(`Connection: ${bytes} bytes in ${writes} writes: ${name}`, async () => {
    const { stream, ended, counters } = start({ writes });
    stream.mostPerWrite = mostPerWrite;
    const message = "abcdefghijklmnopqrstuvwxyz01234".slice(0, bytes);
    stream.push(message, null);
    assert.equal(await ended, undefined);
    assert.equal(stream.text, message);
    assert.deepEqual(stream.writes, expected);
    assert.equal(counters.bytesOut, bytes);
  });
}

Deno.test("Connection: what a service writes itself leaves in as many writes", async () => {
  const written = new TextEncoder().encode("streamed!");
  const streaming = (core: Core): Service => ({
    receive: (conn) => {
      if (core.pending(conn) === 0) return Effect.Read;
      core.nextPiece(conn, 100);
      core.rewind(conn);
      core.sendText(conn, "a head");
      return Effect.Respond;
    },
    respond: async (_conn, sender) => {
      await sender.write(written);
      assert.equal(sender.sentBytes, written.length);
      return Effect.Flush;
    },
    finish: () => Effect.Close,
    phase: () => Phase.Idle,
    expire: () => Effect.Close,
  });
  const { stream, ended } = start({ service: streaming, writes: 3 });
  stream.push("x", null);
  assert.equal(await ended, undefined);
  assert.equal(stream.text, "a headstreamed!");
  assert.deepEqual(stream.writes, [2, 2, 2, 3, 3, 3]);
});

Deno.test("Connection: what came before a FIN is answered in full", async () => {
  const { stream, ended } = start({ service: httpService });
  stream.push(GET + GET + GET, null);
  assert.equal(await ended, undefined);
  assert.equal(stream.text.match(/HTTP\/1\.1 200 OK\r\n/g)?.length, 3);
});

Deno.test("Connection: does not receive while its output waits (backpressure)", async () => {
  const { stream, ended } = start();
  stream.mostPerWrite = 0;
  stream.push("first", "second", null);
  await until(() => stream.reads === 1, "the first read");
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(stream.reads, 1);
  stream.resume();
  await ended;
  assert.equal(stream.text, "firstsecond");
});

Deno.test("Connection: a reset is counted, and is no fault", async () => {
  for (const ErrorClass of [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe]) {
    const { stream, counters, ended } = start();
    stream.push(new ErrorClass("gone"));
    assert.equal(await ended, undefined);
    assert.equal(counters.resets, 1);
    assert.ok(stream.isClosed);
  }
});

Deno.test("Connection: an error of the service is a fault, and closes", async () => {
  const broken: Service = {
    receive: () => {
      throw new TypeError("a bug");
    },
    finish: () => Effect.Close,
    phase: () => Phase.Idle,
    expire: () => Effect.Close,
  };
  const { stream, counters, ended } = start({ service: () => broken });
  stream.push("x");
  assert.match(String(await ended), /a bug/);
  assert.ok(stream.isClosed);
  assert.equal(counters.resets, 0);
});

Deno.test("Connection: without memory for its output it is refused and counted", async () => {
  const { stream, counters, ended } = start({ service: httpService, blocks: 1 });
  stream.push("PUT / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => stream.hasEnded, "the FIN");
  stream.push(null);
  assert.equal(await ended, undefined);
  assert.match(stream.text, /^HTTP\/1\.1 503 .*\r\nConnection: close\r\n/s);
  assert.equal(counters.overloads, 1);
});

Deno.test("Connection: without memory faults and timeouts are answered all the same", async () => {
  for (const [bytes, status] of [["GET / HTTP/1.1\r\n\r\n", 400], ["GET /x HT", 408]] as const) {
    const { stream, counters, ended } = start({
      service: httpService,
      timeouts: { headMs: 20, lingerMs: 20 },
      blocks: 1,
    });
    stream.push(bytes);
    assert.equal(await ended, undefined);
    assert.ok(stream.text.startsWith(`HTTP/1.1 ${status} `), stream.text);
    assert.equal(counters.overloads, 0);
  }
});

Deno.test("Connection: whatever throws, it ends with its fault, and no other one notices", async () => {
  const broken = () => {
    throw new TypeError("a bug");
  };
  const waiting: Service = {
    receive: () => Effect.Read,
    finish: () => Effect.Close,
    phase: () => Phase.Head,
    expire: () => Effect.Close,
  };
  const services: Record<string, Partial<Service>> = {
    opened: { opened: broken },
    receive: { receive: broken },
    "receive, later": { receive: () => Promise.reject(new TypeError("a bug")) },
    respond: { receive: () => Effect.Respond, respond: broken },
    finish: { finish: broken },
    phase: { phase: broken },
    expire: { expire: broken },
    aborted: { aborted: broken },
    closed: { closed: broken },
    "a client comes or goes": { clientsChanged: broken },
  };
  for (const [name, service] of Object.entries(services)) {
    const { core, stream, counters, wheel, connection, ended } = start({
      service: () => ({ ...waiting, ...service }),
      timeouts: { headMs: 10, lingerMs: 10, idleMs: 10 },
    });
    stream.push("x");
    if (name === "finish") stream.push(null);
    connection.endIfIdle();
    assert.match(String(await ended), /a bug/, name);
    assert.deepEqual([stream.isClosed, counters.open, wheel.size, core.blocksUsed], [
      true,
      0,
      0,
      0,
    ], name);
  }
});

Deno.test("Connection: a stream that cannot be closed is a fault of this connection", async () => {
  const { stream, connection, counters, wheel, ended } = start();
  await until(() => stream.reads === 1, "the read");
  const close = stream.close.bind(stream);
  stream.close = () => {
    close();
    throw new TypeError("a bug");
  };
  connection.close();
  assert.match(String(await ended), /a bug/);
  assert.deepEqual([counters.open, wheel.size], [0, 0]);
});

Deno.test("Connection: an idle one is closed silently when its time is over", async () => {
  const { stream, counters, ended } = start({ service: httpService, timeouts: { idleMs: 20 } });
  assert.equal(await ended, undefined);
  assert.equal(stream.text, "");
  assert.equal(counters.timeouts, 1);
});

Deno.test("Connection: an idle one that the thread had no time for is not closed yet", async () => {
  const { stream, counters, ended, connection } = start({ timeouts: { idleMs: 300 } });
  stream.heldUp = 1;
  await until(() => stream.heldUp === 0);
  assert.ok(!stream.isClosed);
  stream.push("late");
  await until(() => stream.text === "late");
  connection.close();
  await ended;
  assert.equal(counters.timeouts, 0);
});

Deno.test("Connection: an idle one is closed in the end, however busy the thread is", async () => {
  const { stream, counters, ended } = start({ timeouts: { idleMs: 10 } });
  stream.heldUp = Infinity;
  const startMs = performance.now();
  await ended;
  assert.ok(performance.now() - startMs >= 40);
  assert.equal(counters.timeouts, 1);
});

Deno.test("Connection: the time for a head is not extended for one that waits for its turn", async () => {
  const { stream, counters, ended } = start({ service: httpService, timeouts: { headMs: 10 } });
  stream.heldUp = 1000;
  stream.push("GET / HT");
  await until(() => stream.hasEnded);
  stream.push(null);
  await ended;
  assert.match(stream.text, /^HTTP\/1\.1 408 /);
  assert.equal(counters.timeouts, 1);
});

Deno.test("Connection: the time for a head counts from its first byte", async () => {
  const { stream, ended, counters } = start({
    service: httpService,
    timeouts: { headMs: 60, lingerMs: 60 },
  });
  const startMs = performance.now();
  let isOver = false;
  ended.then(() => isOver = true);
  // A byte every few ms would go on for seconds.
  for (let i = 0; !isOver && i < 2000; i++) {
    stream.push("G");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.match(stream.text, /^HTTP\/1\.1 408 /);
  assert.ok(stream.hasEnded, "FIN, then what still comes is drained");
  assert.ok(performance.now() - startMs < 3000);
  assert.ok(counters.timeouts >= 1);
});

timed("Connection: the time for a head starts anew with the next request", async () => {
  const { stream, ended } = start({
    service: httpService,
    timeouts: { headMs: 100, lingerMs: 20 },
  });
  const startMs = performance.now();
  // The end of one head and the beginning of the next arrive together, for twice the time.
  let heads = 0;
  stream.push(GET.slice(0, 5));
  while (performance.now() - startMs < 250) {
    stream.push(GET.slice(5) + GET.slice(0, 5));
    heads++;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { text } = stream;
  await ended;
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, heads);
  assert.doesNotMatch(text, /408/);
  assert.match(stream.text, /408/);
});

Deno.test("Connection: content that does not come is answered with 408", async () => {
  const { stream, ended } = start({
    service: httpService,
    timeouts: { contentMs: 20, lingerMs: 20 },
  });
  stream.push("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
  await ended;
  assert.match(stream.text, /^HTTP\/1\.1 408 /);
});

Deno.test("Connection: a peer that takes nothing is closed", async () => {
  const { stream, counters, ended } = start({ timeouts: { writeMs: 20 } });
  stream.mostPerWrite = 0;
  stream.push("x");
  assert.equal(await ended, undefined);
  assert.equal(counters.timeouts, 1);
});

Deno.test("Connection: no timeout of the peer's runs while a slow service works", async () => {
  const slow = Promise.withResolvers<Effect>();
  const service: Service = {
    receive: () => slow.promise,
    finish: () => Effect.Close,
    phase: () => Phase.Idle,
    expire: () => Effect.Close,
  };
  const { stream, wheel, ended } = start({ service: () => service, timeouts: { idleMs: 10 } });
  stream.push("x");
  const clock = {
    deadlineTick: 0,
    wheelSlot: -1,
    fired: Promise.withResolvers<void>(),
    onTimeout() {
      this.fired.resolve();
    },
  };
  wheel.add(clock);
  wheel.set(clock, 50);
  await clock.fired.promise;
  wheel.remove(clock);
  assert.equal(stream.isClosed, false);
  slow.resolve(Effect.Close);
  await ended;
});

Deno.test("Connection: endIfIdle() ends what only waits, and nothing else", async () => {
  const idle = start({ service: httpService });
  await until(() => idle.stream.reads === 1, "the read");
  idle.connection.endIfIdle();
  await until(() => idle.connection.isLingering, "the FIN");
  assert.ok(idle.stream.hasEnded);
  assert.equal(idle.stream.isClosed, false, "the peer may be sending");
  idle.stream.push(GET, null);
  assert.equal(await idle.ended, undefined);
  assert.equal(idle.stream.text, "");
  assert.equal(idle.counters.resets, 0, "its own close is no reset");

  const silent = start({ service: httpService });
  await until(() => silent.stream.reads === 1, "the read");
  silent.connection.endIfIdle();
  await until(() => silent.connection.isLingering, "the FIN");
  silent.connection.endIfIdle();
  assert.equal(await silent.ended, undefined, "a peer that does not close is not waited for");
  assert.equal(silent.counters.timeouts, 0, "it has missed nothing");

  const busy = start({ service: httpService });
  busy.stream.push(GET.slice(0, 10));
  await until(() => busy.stream.reads === 2, "the rest of the head is awaited");
  busy.connection.endIfIdle();
  assert.equal(busy.stream.isClosed, false);
  busy.stream.push(GET.slice(10), null);
  await busy.ended;
  assert.match(busy.stream.text, /^HTTP\/1\.1 200 /);
});
