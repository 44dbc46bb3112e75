/** What is particular about model `per-connection`: when a connection gets its Worker. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { type RunningServer, serve } from "../../../servers/mod.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { until } from "../../support/until.ts";
import { connect, readResponse, writeAll } from "../../../tools/soak/client.ts";

const HELLO: ServiceOptions = { kind: "http", content: "hello", limits: DEFAULT_LIMITS };
const TIMEOUTS = { idleMs: 20_000, headMs: 1000, contentMs: 20_000, lingerMs: 1000 };

function start(maxActive: number): Promise<RunningServer> {
  const wanted = { model: "per-connection", service: HELLO, timeouts: TIMEOUTS } as const;
  return serve({ ...wanted, maxActive });
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Workers that `server` has created so far. */
async function workersCreated(server: RunningServer): Promise<number> {
  const reports = (await server.observe()).threads;
  return reports.reduce((sum, { work }) => sum + (work?.created ?? 0), 0);
}

async function readToEnd(conn: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(4096);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
  return text;
}

Deno.test("per-connection: clients that never finish a head, or send none, cost no Worker", async () => {
  const server = await start(8);
  const heads = ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n"];
  const conns = await Promise.all(heads.map(async (head) => {
    const conn = await connect(server.port);
    await writeAll(conn, bytesOf(head));
    return conn;
  }));
  const [silent, ...slow] = conns;
  for (const answer of await Promise.all(slow.map(readToEnd))) {
    assert.match(answer, /^HTTP\/1\.1 408 /);
  }
  await silent.closeWrite();
  assert.equal(await readToEnd(silent), "");
  assert.equal(await workersCreated(server), 0);
  for (const conn of conns) conn.close();
  assert.equal(await server.stop(1000), 0);
});

Deno.test("per-connection: a Worker comes with the first message, a faulty one too, and serves them all", async () => {
  const server = await start(8);
  const buffer = new Uint8Array(1024);
  using conn = await connect(server.port);
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const parts of [["GET / HT", "TP/1.1\r\nHost: a\r\n", "\r\n"], [request], [request]]) {
    for (const part of parts) await writeAll(conn, bytesOf(part));
    assert.ok(await readResponse(conn, buffer) > 0);
  }
  assert.equal(await workersCreated(server), 1);
  using faulty = await connect(server.port);
  // Its head never ends; that it is wrong is seen before.
  await writeAll(faulty, bytesOf("GET / HTTP/1.1\r\nno colon\r\n"));
  await faulty.closeWrite();
  assert.match(await readToEnd(faulty), /^HTTP\/1\.1 400 /);
  using cut = await connect(server.port);
  await writeAll(cut, bytesOf("GET / HTTP/1.1\r\nHo"));
  await cut.closeWrite();
  assert.match(await readToEnd(cut), /^HTTP\/1\.1 400 /);
  assert.equal(await workersCreated(server), 2, "what was cut off needs none");
  conn.close();
  assert.equal(await server.stop(1000), 0);
});

Deno.test("per-connection: who waits for a Worker too long gets 503, and frees the place", async () => {
  const server = await start(1);
  const buffer = new Uint8Array(1024);
  using first = await connect(server.port);
  await writeAll(first, bytesOf("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n"));
  await until(async () => await workersCreated(server) > 0, "the first one has a Worker");
  const requests = ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"];
  const waiting = await Promise.all(requests.map(async (request) => {
    const conn = await connect(server.port);
    await writeAll(conn, bytesOf(request));
    return conn;
  }));
  const [get, head] = await Promise.all(waiting.map(readToEnd));
  assert.match(
    get,
    /^HTTP\/1\.1 503 [^]*\r\nConnection: close\r\n[^]*\r\n\r\nThe server is too busy/,
  );
  assert.match(head, /^HTTP\/1\.1 503 [^]*\r\n\r\n$/);
  for (const conn of waiting) conn.close();
  const overloads = async () => (await server.observe()).threads[0].counters!.overloads;
  await until(async () => await overloads() === 2, "both count as overloads");
  // The one that has a Worker is not touched.
  await writeAll(first, bytesOf("123456789"));
  assert.ok(await readResponse(first, buffer) > 0);
  assert.equal(await server.stop(1000), 0);
});

Deno.test("per-connection: who still waits for a Worker when the grace is over is cut off", async () => {
  const server = await start(1);
  const buffer = new Uint8Array(1024);
  const request = bytesOf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  using first = await connect(server.port);
  await writeAll(first, request);
  await until(async () => await workersCreated(server) > 0, "the first one has a Worker");
  using second = await connect(server.port);
  await writeAll(second, request);
  // Both are in the middle of a message: neither is idle, and only one has a Worker.
  const bytesIn = async () => (await server.observe()).threads[0].counters!.bytesIn;
  await until(async () => await bytesIn() === 2 * request.length, "both were received");
  const startMs = performance.now();
  assert.equal(await server.stop(100), 2);
  assert.ok(performance.now() - startMs < 2000);
  assert.equal(await workersCreated(server), 1);
  for (const conn of [first, second]) {
    assert.equal(await conn.read(buffer).catch(() => null), null);
  }
});
