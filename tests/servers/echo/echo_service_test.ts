/** The echo service behind the driver of a connection, without a socket. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Core } from "../../../core/mod.ts";
import { zeroCounters } from "../../../servers/net/counters.ts";
import { DEFAULT_TIMEOUTS } from "../../../servers/models/options.ts";
import { describeSplit, EchoService } from "../../../servers/echo/echo_service.ts";
import { TimerWheel } from "../../../servers/net/timer_wheel.ts";
import { FakeStream } from "../../support/fake_stream.ts";
import { serveStream } from "../../support/serve_stream.ts";

/** A server's parts, around a connection that `run` serves. */
function serverOf(bufferBytes: number) {
  const core = Core.create({ blocks: 4 });
  const lines: string[] = [];
  const log = (line: string) => void lines.push(line);
  const service = new EchoService(core, { bufferBytes, log, logClients: log });
  const counters = zeroCounters();
  const timeouts = DEFAULT_TIMEOUTS.echo;
  const wheel = new TimerWheel(250);
  const context = { core, service, wheel, timeouts, counters };
  const run = async (stream: FakeStream) =>
    assert.equal(await serveStream(context, stream, "127.0.0.1").ended, undefined);
  return { core, lines, counters, run };
}

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * 7);
}

const CLIENT_LINES = ["connected: 127.0.0.1, 1 clients", "disconnected: 127.0.0.1, 0 clients"];

Deno.test("a buffer of 20 sends 31 bytes back in two writes, and says so once", async () => {
  const { lines, counters, core, run } = serverOf(20);
  const stream = new FakeStream([bytesOf(31)]);
  await run(stream);
  assert.deepEqual(stream.writes.map(({ length }) => length), [20, 11]);
  assert.deepEqual(stream.sent, bytesOf(31));
  assert.deepEqual(lines, [CLIENT_LINES[0], "31 bytes -> 20 + 11", CLIENT_LINES[1]]);
  assert.deepEqual([counters.bytesIn, counters.bytesOut, counters.served], [31, 31, 2]);
  assert.deepEqual([stream.isClosed, core.blocksUsed], [true, 0]);
});

Deno.test("a message that fits the buffer leaves in one write, and nothing is said", async () => {
  const { lines, run } = serverOf(20);
  const stream = new FakeStream([bytesOf(20), bytesOf(1)]);
  await run(stream);
  assert.deepEqual(stream.writes.map(({ length }) => length), [20, 1]);
  assert.deepEqual(lines, CLIENT_LINES);
});

Deno.test("each split message is announced, with its own pieces", async () => {
  const { lines, run } = serverOf(10);
  await run(new FakeStream([bytesOf(25), bytesOf(10), bytesOf(11)]));
  assert.deepEqual(lines.slice(1, -1), ["25 bytes -> 10 + 10 + 5", "11 bytes -> 10 + 1"]);
});

Deno.test("a piece is sent whole before the next, when a write takes only a part", async () => {
  const { run } = serverOf(20);
  const stream = new FakeStream([bytesOf(31)], 8);
  await run(stream);
  assert.deepEqual(stream.writes.map(({ length }) => length), [8, 8, 4, 8, 3]);
  assert.deepEqual(stream.sent, bytesOf(31));
});

Deno.test("a peer that does not read is not read from", async () => {
  const { run, core } = serverOf(4096);
  const stream = new FakeStream([bytesOf(100), bytesOf(100)]);
  const unblock = stream.block();
  const served = run(stream);
  // Whatever can go on without the write has its turn.
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([stream.reads, stream.writes.length, core.blocksUsed], [1, 1, 1]);
  unblock();
  await served;
  assert.deepEqual([stream.reads, stream.writes.length], [3, 2]);
});

Deno.test("any bytes come back as they were, however they arrive", async () => {
  const { run, core } = serverOf(4096);
  const messages = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(messages, fc.integer({ min: 1, max: 4000 }), async (incoming, takes) => {
      const stream = new FakeStream(incoming, takes);
      await run(stream);
      assert.deepEqual(stream.sent, Uint8Array.from(incoming.flatMap((bytes) => [...bytes])));
    }),
    { numRuns: 50 },
  );
  assert.equal(core.blocksUsed, 0);
});

Deno.test("describeSplit() names the pieces, and sums up long lists", () => {
  assert.equal(describeSplit(31, 20), "31 bytes -> 20 + 11");
  assert.equal(describeSplit(40, 20), "40 bytes -> 20 + 20");
  assert.equal(describeSplit(3, 1), "3 bytes -> 1 + 1 + 1");
  assert.equal(describeSplit(20, 20), "20 bytes -> 20");
  assert.equal(
    describeSplit(1000, 64),
    "1000 bytes -> 64 + 64 + 64 + 64 + 64 + 64 + 64 + 64 + 7 more + 40",
  );
});

Deno.test("describeSplit() names pieces that add up to the message", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e5 }), fc.integer({ min: 1, max: 1e4 }), (
    bytes,
    size,
  ) => {
    const pieces = describeSplit(bytes, size).split(" -> ")[1].split(" + ");
    const sum = pieces.reduce((sum, piece) => {
      const more = /^(\d+) more$/.exec(piece);
      return sum + (more ? Number(more[1]) * size : Number(piece));
    }, 0);
    assert.equal(sum, bytes);
  }));
});
