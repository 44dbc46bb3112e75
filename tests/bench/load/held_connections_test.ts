/** Silent and slow connections: what they send, and how they are counted. */
import assert from "node:assert/strict";
import {
  HeldConnections,
  HeldCounters,
  type HeldSend,
  MAX_HELD,
} from "../../../bench/load/held_connections.ts";
import { HeldThread } from "../../../bench/load/held_thread.ts";
import { sleep } from "../../../system/wait.ts";
import { echo, readAll, startNone, startServer } from "../../support/echo_servers.ts";
import { until } from "../../support/until.ts";

const hostname = "127.0.0.1";

/** A server that keeps what each connection sends, and answers nothing. */
function startKeeping() {
  const received: string[] = [];
  const ended: number[] = [];
  const decoder = new TextDecoder();
  const server = startServer(async (conn, index) => {
    received[index] = "";
    const buffer = new Uint8Array(100);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      received[index] += decoder.decode(buffer.subarray(0, count));
    }
    ended.push(index);
  });
  return { server, received, ended };
}

Deno.test("HeldConnections: silent ones send nothing, and end when they are told to", async () => {
  const { server, received, ended } = startKeeping();
  await using target = server;
  const held = new HeldConnections({ hostname, port: target.port }, { count: 250 });
  assert.deepEqual(held.counters.read(), { opening: 250, open: 0, closed: 0, failed: 0 });
  await held.opened;
  assert.deepEqual(held.counters.read(), { opening: 0, open: 250, closed: 0, failed: 0 });
  await until(() => received.length === 250);
  assert.equal(await held.end(), 250);
  await until(() => ended.length === 250);
  assert.deepEqual(held.counters.read(), { opening: 0, open: 0, closed: 0, failed: 0 });
  assert.equal(received.join(""), "");
  assert.equal(await held.end(), 0, "once more");
});

const SENDS: [what: HeldSend, text: RegExp][] = [
  ["message", /^\.{8,}$/],
  ["head", /^GET \/x{3,}$/],
  ["request", /^(GET \/ HTTP\/1\.1\r\nHost: \w+\r\n\r\n){8,}$/],
];

for (const [what, text] of SENDS) {
  Deno.test(`HeldConnections: slow ones send a ${what} again and again`, async () => {
    const { server, received } = startKeeping();
    await using target = server;
    const held = new HeldConnections({ hostname, port: target.port }, {
      count: 3,
      sends: { what, everyMs: 20 },
    });
    const startMs = performance.now();
    await held.opened;
    await until(() => received.length === 3 && received.every((each) => text.test(each)));
    assert.ok(performance.now() - startMs > 6 * 20, "not at once");
    await held.end();
  });
}

Deno.test("HeldConnections: tells which the server closed, and when", async () => {
  const closeAfterMs = 30;
  await using server = startServer(async (conn, index) => {
    // Every third stays until the client closes it.
    if (index % 3 === 0) await readAll(conn);
    else await sleep(closeAfterMs);
  });
  const times: number[] = [];
  const held = new HeldConnections({ hostname, port: server.port }, {
    count: 9,
    onClosed: (us) => times.push(us),
  });
  await until(() => held.counters.read().closed === 6);
  assert.equal(times.length, 6);
  times.forEach((us) => assert.ok(us > (closeAfterMs - 5) * 1000, `${us}`));
  await held.allClosed(20);
  assert.deepEqual(held.counters.read(), { opening: 0, open: 3, closed: 6, failed: 0 });
  assert.equal(await held.end(), 3);
});

Deno.test("HeldConnections: counts what cannot be opened, and says why", async () => {
  await using none = await startNone();
  const counters = new HeldCounters();
  const held = new HeldConnections({ hostname, port: none.port }, { count: 150, counters });
  await held.opened;
  assert.deepEqual(counters.read(), { opening: 0, open: 0, closed: 0, failed: 150 });
  assert.match(held.failure!.message, /refused/);
  await held.end();
});

Deno.test("HeldConnections: no more than a machine has ports for", () => {
  const target = { hostname, port: 1 };
  assert.throws(() => new HeldConnections(target, { count: MAX_HELD + 1 }), RangeError);
  const slow = { count: MAX_HELD, sends: { what: "message", everyMs: 1000 } } as const;
  assert.throws(() => new HeldThread({ target, silent: 1, slow }), RangeError);
});

Deno.test("HeldThread: silent and slow ones of another thread", async () => {
  const { server, received, ended } = startKeeping();
  await using target = server;
  const thread = new HeldThread({
    target: { ...target, hostname },
    silent: 5,
    slow: { count: 4, sends: { what: "message", everyMs: 20 } },
  });
  await until(() => thread.counts.open === 9 && received.join("").length > 20);
  assert.equal(received.filter((text) => text === "").length, 5);
  assert.equal(thread.failure, undefined);
  await thread.end();
  assert.deepEqual(thread.counts, { opening: 0, open: 0, closed: 0, failed: 0 });
  await until(() => ended.length === 9);
});

Deno.test("HeldThread: says why none could be opened", async () => {
  await using none = await startNone();
  const thread = new HeldThread({
    target: { hostname, port: none.port },
    silent: 2,
    slow: { count: 1, sends: { what: "head", everyMs: 1000 } },
  });
  await until(() => thread.failure !== undefined && thread.counts.failed === 3);
  assert.match(thread.failure!, /refused/);
  await thread.end();
});

Deno.test("HeldConnections: echoes are read and forgotten", async () => {
  await using server = startServer(echo);
  const held = new HeldConnections({ hostname, port: server.port }, {
    count: 2,
    sends: { what: "message", everyMs: 10 },
  });
  await held.opened;
  await held.allClosed(60);
  assert.equal(await held.end(), 2);
});
