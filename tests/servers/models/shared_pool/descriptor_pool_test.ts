/** Model `shared-pool` with epoll: its Workers come, go and crash, and share their connections. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../../core/mod.ts";
import { type RunningServer, sumCounters } from "../../../../servers/mod.ts";
import type { Timeouts } from "../../../../servers/net/connection.ts";
import { NO_MEMORY } from "../../../../servers/models/memory_budget.ts";
import { type ServiceOptions, withDefaults } from "../../../../servers/models/options.ts";
import {
  type DescriptorPoolOptions,
  serveDescriptorPool,
} from "../../../../servers/models/shared_pool/descriptor_pool.ts";
import { engineSupport } from "../../../../system/linux/engines.ts";
import { connect, readFull, writeAll } from "../../../../tools/soak/client.ts";
import { timed } from "../../../support/attempts.ts";
import { until } from "../../../support/until.ts";

const ECHO: ServiceOptions = { kind: "echo", bufferBytes: 1 << 16, verbose: false };
const HELLO: ServiceOptions = { kind: "http", content: "hello", limits: DEFAULT_LIMITS };
const OBEYING = new URL("./obeying_worker.ts", import.meta.url);

interface Started extends Partial<DescriptorPoolOptions> {
  service?: ServiceOptions;
  timeouts?: Partial<Timeouts>;
}

type Pool = RunningServer & { notes: string[] } & AsyncDisposable;

async function start({ service = ECHO, timeouts, ...settings }: Started): Promise<Pool> {
  const notes: string[] = [];
  const engine = { name: "epoll", trigger: "edge" } as const;
  const server = await serveDescriptorPool(withDefaults({ service, engine, timeouts }), {
    maxWorkers: 4,
    memory: NO_MEMORY,
    onNote: (note) => notes.push(note),
    areCpusShort: () => false,
    ...settings,
  });
  return {
    ...server,
    notes,
    async [Symbol.asyncDispose]() {
      await server.stop(1000);
    },
  };
}

type Test = () => Promise<void>;

/** @param register default: `Deno.test` */
function test(
  name: string,
  fn: Test,
  register: (name: string, fn: Test) => void = Deno.test,
): void {
  const { isAvailable } = engineSupport("epoll");
  const whole = `shared-pool, epoll: ${name}`;
  if (isAvailable) register(whole, fn);
  else Deno.test({ name: whole, ignore: true, fn });
}

async function send(conn: Deno.Conn, text: string): Promise<void> {
  await writeAll(conn, new TextEncoder().encode(text));
}

async function receive(conn: Deno.Conn, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  await readFull(conn, bytes);
  return new TextDecoder().decode(bytes);
}

async function exchange(conn: Deno.Conn, text: string): Promise<string> {
  await send(conn, text);
  return await receive(conn, text.length);
}

async function workers(server: RunningServer) {
  return (await server.observe()).threads.flatMap(({ work }) => work ?? []);
}

async function alive(server: RunningServer): Promise<number> {
  return (await workers(server)).filter(({ alive }) => alive).length;
}

async function counted(server: RunningServer) {
  return sumCounters((await server.observe()).threads.flatMap(({ counters }) => counters ?? []));
}

test("a Worker is created while all are busy, and ends when it has nothing to do", async () => {
  await using server = await start({ entry: OBEYING, idleTimeoutMs: 300 });
  const [slow, other] = await Promise.all([connect(server.port), connect(server.port)]);
  assert.equal(await exchange(other, "x"), "x");
  assert.equal(await alive(server), 1);
  const order: string[] = [];
  await Promise.all([
    exchange(slow, "b9").then((text) => order.push(text)),
    exchange(other, "y").then((text) => order.push(text)),
  ]);
  assert.deepEqual(order, ["y", "b9"]);
  await until(async () => await alive(server) === 1);
  // The one that is left serves on.
  assert.equal(await exchange(slow, "z"), "z");
  const [first, second] = await workers(server);
  assert.deepEqual([first.name, second.name], ["kworker/u:0", "kworker/u:1"]);
  assert.deepEqual([first.created, second.created], [1, 1]);
  assert.ok(first.items > 0 && second.items > 0);
  assert.ok(first.busyUs + second.busyUs >= 900_000);
  slow.close();
  other.close();
  // The Worker has to start while the other one is blocked.
}, timed);

test("no more Workers than may be, and none where CPUs are short", async () => {
  for (
    const [expected, limits] of [
      [2, { maxWorkers: 2 }],
      [1, { areCpusShort: () => true }],
    ] as const
  ) {
    await using server = await start({ entry: OBEYING, ...limits });
    const conns = await Promise.all(Array.from({ length: 6 }, () => connect(server.port)));
    await Promise.all(conns.map((conn) => exchange(conn, "b1")));
    assert.equal(await alive(server), expected);
    for (const conn of conns) conn.close();
  }
});

test("what a Worker has taken behind an item that lasts goes to others", async () => {
  await using server = await start({ entry: OBEYING });
  const conns = await Promise.all(Array.from({ length: 9 }, () => connect(server.port)));
  for (const conn of conns) assert.equal(await exchange(conn, "x"), "x");
  const [blocker, slow, ...others] = conns;
  const blocked = exchange(blocker, "b2");
  // They become ready together, while nobody waits: one Worker takes them all.
  let isSlow = true;
  const done = exchange(slow, "b9").then(() => isSlow = false);
  await Promise.all(others.map((conn) => exchange(conn, "y")));
  assert.ok(isSlow);
  await Promise.all([blocked, done]);
  for (const conn of conns) conn.close();
});

test("a Worker that crashes loses the connection that it has, and is replaced", async () => {
  await using server = await start({ entry: OBEYING, maxWorkers: 1 });
  const conns = await Promise.all(Array.from({ length: 3 }, () => connect(server.port)));
  for (const conn of conns) assert.equal(await exchange(conn, "x"), "x");
  for (let round = 1; round <= 2; ++round) {
    const lost = await connect(server.port);
    await send(lost, "c");
    assert.equal(await lost.read(new Uint8Array(1)).catch(() => null), null);
    lost.close();
    for (const conn of conns) assert.equal(await exchange(conn, "y"), "y");
    const [row] = await workers(server);
    assert.deepEqual([row.crashes, row.created], [round, round + 1]);
    assert.match(
      server.notes[round - 1],
      /^a Worker crashed and is replaced; 1 .*: Error: told to$/,
    );
  }
  const { open, resets, connections } = await counted(server);
  assert.deepEqual([open, resets, connections], [3, 2, 5]);
  for (const conn of conns) conn.close();
  await until(async () => (await counted(server)).open === 0);
});

test("a deadline and a request that come together: the answer is whole, or there is none", async () => {
  const idleMs = 250;
  await using server = await start({ service: HELLO, timeouts: { idleMs, lingerMs: 250 } });
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  let [answers, ends] = [0, 0];
  await Promise.all(Array.from({ length: 40 }, async (_, i) => {
    for (let round = 0; round < 3; ++round) {
      using conn = await connect(server.port);
      // Ticks are 250 ms: the deadline is somewhere in this time.
      await new Promise((resolve) => setTimeout(resolve, 450 + 8 * i));
      await send(conn, request).catch(() => {});
      const buffer = new Uint8Array(1024);
      const count = await conn.read(buffer).catch(() => null);
      if (count === null) {
        ++ends;
        continue;
      }
      ++answers;
      const text = new TextDecoder().decode(buffer.subarray(0, count));
      assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nHello World!\n$/);
    }
  }));
  assert.equal(answers + ends, 120);
  await until(async () => (await counted(server)).open === 0);
  const { connections, served } = await counted(server);
  assert.deepEqual([connections, served], [120, answers]);
});

test("what no thread has time for is refused with 503", async () => {
  await using server = await start({
    service: HELLO,
    // Idle so long that a busy machine sends in time, and less than the last one has to wait.
    timeouts: { idleMs: 1000, headMs: 500 },
    maxWorkers: 1,
    entry: OBEYING,
  });
  const conns = await Promise.all(Array.from({ length: 5 }, () => connect(server.port)));
  await until(async () => (await counted(server)).connections === conns.length);
  // Sockets become ready one after the other: the last one is behind all that take long.
  for (const conn of conns) await send(conn, "b9 / HTTP/1.1\r\nHost: a\r\n\r\n");
  const last = conns.at(-1)!;
  const text = await new Response(last.readable).text();
  assert.match(text, /^HTTP\/1\.1 503 [^]*Connection: close\r\n/);
  for (const conn of conns.slice(0, -1)) conn.close();
  await until(async () => (await counted(server)).open === 0);
  assert.ok((await counted(server)).overloads >= 1);
});

test("256 connections, 5,000 messages, four Workers: every byte comes back", async () => {
  await using server = await start({ entry: OBEYING });
  const conns = await Promise.all(Array.from({ length: 256 }, () => connect(server.port)));
  await until(async () => {
    await Promise.all(conns.slice(0, 16).map((conn) => exchange(conn, "b1")));
    return await alive(server) === 4;
  }, "all Workers are up");
  let faults = 0;
  await Promise.all(conns.map(async (conn, seed) => {
    for (let round = 0; round < 20; ++round) {
      const length = 1 + (seed * 131 + round * 977) % 3000;
      const message = Uint8Array.from({ length }, (_, i) => 128 + (seed + 3 * round + i) % 128);
      const back = new Uint8Array(length);
      await Promise.all([writeAll(conn, message), readFull(conn, back)]);
      if (!back.every((byte, i) => byte === message[i])) ++faults;
    }
    conn.close();
  }));
  assert.equal(faults, 0);
  await until(async () => (await counted(server)).open === 0);
  const rows = await workers(server);
  assert.ok(rows.every(({ items, crashes }) => items > 100 && crashes === 0));
  const { bytesIn, bytesOut, resets } = await counted(server);
  assert.deepEqual([bytesIn, resets], [bytesOut, 0]);
});

test("a server whose Workers cannot start does not start", async () => {
  const entry = new URL("./failing_worker.ts", import.meta.url);
  await assert.rejects(start({ entry }), /told not to/);
});
