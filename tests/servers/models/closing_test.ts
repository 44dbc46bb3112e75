/**
 * How a server closes (RFC 9112 section 9.6), in every setup: what the peer sends behind its last
 * request must not make the kernel reset the connection, because a reset destroys the response on
 * its way.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { type RunningServer, serve } from "../../../servers/mod.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { connect, readFull, readResponse, REQUEST, writeAll } from "../../../tools/soak/client.ts";
import { sleep } from "../../../system/wait.ts";
import { FEW_SETUPS, forEachSetup, serverOptions } from "../../support/setups.ts";

/** More than the kernel sends before the peer reads, less than its buffers hold. */
const LARGE_BYTES = 400_000;

const root = Deno.makeTempDirSync({ prefix: "ktcp-closing-" });
Deno.writeFileSync(`${root}/large.bin`, new Uint8Array(LARGE_BYTES).fill(0x2e));
Deno.writeTextFileSync(`${root}/small.txt`, "small");
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

type Content = "hello" | "echo" | "dir";

const CLOSE = "Host: a\r\nConnection: close\r\n\r\n";

/** Requests after which the server closes, and the status and content that they get. */
const CASES: readonly [content: Content, request: string, status: number, body: string][] = [
  ["hello", `GET / HTTP/1.1\r\n${CLOSE}`, 200, "Hello World!\n"],
  ["hello", `HEAD / HTTP/1.1\r\n${CLOSE}`, 200, ""],
  ["hello", "GET / HTTP/1.0\r\n\r\n", 200, "Hello World!\n"],
  ["hello", `POST / HTTP/1.1\r\n${CLOSE}`, 405, "POST is not allowed here\n"],
  ["hello", "GET / HTTP/1.1\r\n\r\n", 400, "The Host field is missing\n"],
  ["echo", `POST / HTTP/1.1\r\nContent-Length: 5\r\n${CLOSE}bytes`, 200, "bytes"],
  ["dir", "GET /small.txt HTTP/1.0\r\n\r\n", 200, "small"],
  ["dir", `GET /none HTTP/1.1\r\n${CLOSE}`, 404, "404 Not Found\n"],
  ["dir", `GET /large.bin HTTP/1.1\r\n${CLOSE}`, 200, ".".repeat(LARGE_BYTES)],
];

function http(content: Content): ServiceOptions {
  return { kind: "http", content, directory: { root }, limits: DEFAULT_LIMITS };
}

const ECHO: ServiceOptions = { kind: "echo", bufferBytes: 20, verbose: false };

async function readToEnd(conn: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(65536);
  let text = "";
  for (let count; (count = await conn.read(buffer)) !== null;) {
    text += new TextDecoder("latin1").decode(buffer.subarray(0, count));
  }
  return text;
}

/**
 * Sends `request`, waits for the first byte of its response, and sends more, one byte at a time,
 * before it reads on. A server that has closed answers such bytes with a reset: a later write or
 * read fails.
 */
async function sendBehind(port: number, request: string): Promise<string> {
  using conn = await connect(port);
  conn.setNoDelay(true);
  await writeAll(conn, new TextEncoder().encode(request));
  const first = new Uint8Array(1);
  await conn.read(first);
  for (const byte of "GET / HTTP") {
    await writeAll(conn, new TextEncoder().encode(byte));
    await sleep(2);
  }
  await conn.closeWrite();
  return String.fromCharCode(first[0]) + await readToEnd(conn);
}

/** Clients that are idle, or keep on sending, when the server is told to stop. */
async function sendWhileItDrains(server: RunningServer, isEcho: boolean): Promise<void> {
  const conn = await connect(server.port);
  const silent = await connect(server.port);
  try {
    // An answer shows that it is accepted: what waits to be is reset with the listener.
    for (const one of [conn, silent]) {
      await writeAll(one, REQUEST);
      if (isEcho) await readFull(one, new Uint8Array(REQUEST.length));
      else await readResponse(one, new Uint8Array(1024));
    }
    const startMs = performance.now();
    const stopped = server.stop(10_000);
    assert.equal(await conn.read(new Uint8Array(1)), null);
    // A closed socket answers the first of them with a reset, the second is refused.
    for (let i = 0; i < 3; i++) await writeAll(conn, REQUEST);
    await conn.closeWrite();
    assert.equal(await conn.read(new Uint8Array(1)), null);
    assert.equal(await stopped, 0);
    assert.ok(performance.now() - startMs < 5000, "a client that does not close is not waited for");
  } finally {
    conn.close();
    silent.close();
  }
}

/** Sends the cases of `content`, all at once. @returns what was not as it has to be */
async function faultsBehind(server: RunningServer, content: Content): Promise<string[]> {
  const faults: string[] = [];
  await Promise.all(
    CASES.filter(([of]) => of === content).map(async ([, request, status, body]) => {
      try {
        const text = await sendBehind(server.port, request);
        const end = text.indexOf("\r\n\r\n") + 4;
        assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
        assert.ok(text.slice(end) === body, `${text.length - end} bytes: ${text.slice(0, 300)}`);
      } catch (error) {
        faults.push(`${content}: ${JSON.stringify(request)}: ${error}`);
      }
    }),
  );
  return faults;
}

forEachSetup(FEW_SETUPS, (setup) => {
  const { label } = setup;
  const start = (service: ServiceOptions, workers: number) =>
    serve({ ...serverOptions(setup), service, workers });

  Deno.test(`${label}: what comes behind the last request, or while it drains, does not reset`, async () => {
    const hello = await start(http("hello"), 2);
    const faults = await faultsBehind(hello, "hello");
    // A server takes its time to drain: two of them meanwhile.
    await Promise.all([
      sendWhileItDrains(hello, false),
      start(ECHO, 2).then((echo) => sendWhileItDrains(echo, true)),
    ]);
    assert.deepEqual(faults, []);
  });

  Deno.test(`${label}: what comes behind content does not reset`, async () => {
    const faults: string[] = [];
    for (const content of ["echo", "dir"] as const) {
      const server = await start(http(content), 1);
      faults.push(...await faultsBehind(server, content), ...await faultsOfStop(server, content));
    }
    assert.deepEqual(faults, []);
  });
});

async function faultsOfStop(server: RunningServer, content: Content): Promise<string[]> {
  const cut = await server.stop(5000);
  return cut === 0 ? [] : [`${content}: ${cut} connections did not end`];
}
