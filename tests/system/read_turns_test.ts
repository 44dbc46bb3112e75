/** Busy sockets get the same share, however many they are. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ReadTurns } from "../../system/read_turns.ts";
import type { Listener, Stream } from "../../servers/net/engines/deno/stream.ts";
import { listen } from "../../servers/net/engines/deno/listen.ts";

/** More than the 128 that one turn of the event loop serves. */
const SOCKETS = 300;

function open(count: number): ReadTurns[] {
  return Array.from({ length: count }, () => new ReadTurns());
}

Deno.test("ReadTurns.ask(): few never wait, many not at the first time", () => {
  const few = open(127);
  for (const turns of [...few, ...few]) assert.equal(turns.ask(), undefined);
  const more = open(10);
  for (const turns of more) assert.equal(turns.ask(), undefined);
  for (const turns of more) {
    turns.end();
    turns.end();
  }
  assert.equal(few[0].ask(), undefined, "few again");
  for (const turns of few) turns.end();
});

Deno.test("ReadTurns.ask(): all of many get through in their order, also when nobody asks again", async () => {
  const all = open(SOCKETS);
  for (const turns of all) turns.ask();
  const order: number[] = [];
  const waits = all.map((turns, i) => turns.ask()!.then(() => order.push(i)));
  assert.equal(waits.length, SOCKETS);
  await Promise.all(waits);
  assert.deepEqual(order, all.map((_, i) => i));
  for (const turns of all) turns.end();
});

Deno.test("ReadTurns.wasHeldUp(): while it waits, once afterwards, and never where nobody has to", async () => {
  const all = open(SOCKETS);
  for (const turns of all) turns.ask();
  assert.ok(all.every((turns) => !turns.wasHeldUp()), "nobody at the first time");
  const waits = all.map((turns) => turns.ask());
  for (let i = 0; i < 2; i++) assert.ok(all.every((turns) => turns.wasHeldUp()), "all wait");
  await waits[0];
  assert.deepEqual([all[0].wasHeldUp(), all[0].wasHeldUp()], [true, false], "its turn has come");
  assert.deepEqual([all.at(-1)!.wasHeldUp(), all.at(-1)!.wasHeldUp()], [true, true], "still waits");
  await Promise.all(waits);
  for (const turns of all) turns.end();
});

Deno.test("ReadTurns.ask(): a crowd that fell silent does not hold up who waits behind it", async () => {
  const crowd = open(20_000);
  for (const turns of crowd) turns.ask();
  const startMs = performance.now();
  await Promise.all(crowd.map((turns) => turns.ask()));
  // A few at a time would take more than a second.
  assert.ok(performance.now() - startMs < 500, `${performance.now() - startMs} ms`);
  for (const turns of crowd) turns.end();
});

Deno.test("ReadTurns.ask(): who waits goes on when the others have closed", async () => {
  const all = open(SOCKETS);
  for (const turns of all) turns.ask();
  const waits = all.map((turns) => turns.ask());
  for (const turns of all) turns.end();
  await Promise.all(waits);
});

async function echo(stream: Stream): Promise<void> {
  const view = new Uint8Array(64);
  for (let count; (count = await stream.read(view));) await stream.write(view.subarray(0, count));
}

/** Echoes on all connections, until the listener is closed and the clients are gone. */
async function serveEcho(listener: Listener): Promise<void> {
  try {
    for (;;) {
      const { stream } = await listener.accept();
      echo(stream).catch(() => {}).finally(() => stream.close());
    }
  } catch {
    // It was closed.
  }
}

Deno.test("a server's busy connections are served alike", async () => {
  const exchanges = 100 * SOCKETS;
  const listener = listen({ hostname: "127.0.0.1", port: 0, backlog: 512 });
  const serving = serveEcho(listener);
  const counts = new Uint32Array(SOCKETS);
  const sockets: Socket[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let total = 0;
  for (let i = 0; i < SOCKETS; i++) {
    // Sockets of node:net take turns by themselves.
    const socket = connect({ host: "127.0.0.1", port: listener.port, noDelay: true });
    sockets.push(socket);
    await once(socket, "connect");
    socket.on("error", reject);
    socket.on("data", () => {
      ++counts[i];
      if (++total === exchanges) resolve();
      else socket.write("x");
    });
  }
  for (const socket of sockets) socket.write("x");
  await promise;
  const closed = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  listener.close();
  await serving;
  assert.ok(
    Math.min(...counts) >= 50,
    `${Math.min(...counts)} to ${Math.max(...counts)} exchanges`,
  );
});
