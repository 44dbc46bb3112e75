/**
 * Loads and attacks that a server has to withstand, with any model and any engine. Each function
 * throws when it does not, and otherwise returns its observations.
 */
import { Buffer } from "node:buffer";
import { connect, readFull, readResponse, REQUEST, RequestLoop, writeAll } from "./client.ts";
import { ServerProcess } from "./server_process.ts";
import { type Setup, setupArgs } from "./setup.ts";
import { sleep } from "../../system/wait.ts";

function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Stops `server`. @throws unless it ends well */
async function stopWell(server: ServerProcess): Promise<string> {
  const { code, notes } = await server.stop();
  check(code === 0, `The server ended with ${code}: ${notes}`);
  check(!/internal error|panicked/.test(notes), `The server said: ${notes}`);
  return notes.trim().split("\n").at(-1)!;
}

/** Clients that connect at once and echo messages of 31 bytes, which the server has to split. */
export async function echoStorm(setup: Setup, { clients = 1000, messages = 10 } = {}) {
  const args = ["echo", "--port", "0", ...setupArgs(setup), "--buffer", "20", "--backlog", "1024"];
  await using server = await ServerProcess.start(args);
  const startMs = performance.now();
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    using conn = await connect(server.port);
    const echo = new Uint8Array(31);
    for (let i = 0; i < messages; i++) {
      const message = echo.map((_, at) => client * 7 + i * 31 + at);
      await writeAll(conn, message);
      await readFull(conn, echo);
      check(equal(echo, message), `Client ${client} got another message ${i} back`);
    }
    await conn.closeWrite();
    check(await conn.read(echo) === null, `Client ${client} got more than it sent`);
  }));
  const ms = performance.now() - startMs;
  const summary = await stopWell(server);
  check(summary.includes(`${clients} connections`), summary);
  return `${clients} clients x ${messages} messages exact in ${Math.round(ms)} ms`;
}

/** SIGTERM while files are downloaded: all arrive whole, the server ends within the grace. */
export async function drainDownloads(setup: Setup, { clients = 50, megabytes = 4 } = {}) {
  const dir = Deno.makeTempDirSync({ prefix: "ktcp-soak-" });
  try {
    const bytes = megabytes << 20;
    const file = new Uint8Array(bytes).map((_, i) => i * 31 + (i >> 8));
    Deno.writeFileSync(`${dir}/file.bin`, file);
    const args = ["http", "--dir", dir, "--port", "0", ...setupArgs(setup), "--grace", "10s"];
    await using server = await ServerProcess.start(args);
    const idle = await connect(server.port);
    const begun = Promise.withResolvers<void>();
    let running = 0;
    const resume = Promise.withResolvers<void>();
    const downloads = Array.from({ length: clients }, async () => {
      using conn = await connect(server.port);
      await writeAll(conn, new TextEncoder().encode("GET /file.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
      const buffer = new Uint8Array(65536);
      let head = "";
      let received = 0;
      let isRight = true;
      while (received < bytes) {
        const count = await conn.read(buffer);
        if (count === null) break;
        let part = buffer.subarray(0, count);
        if (received === 0 && !head.includes("\r\n\r\n")) {
          head += String.fromCharCode(...part.subarray(0, 1024));
          part = part.subarray(head.indexOf("\r\n\r\n") + 4);
          if (++running === clients) begun.resolve();
          await resume.promise;
        }
        isRight &&= equal(part, file.subarray(received, received + part.length));
        received += part.length;
      }
      check(received === bytes && isRight, `A download got ${received} of ${bytes} bytes`);
    });
    await Promise.race([begun.promise, Promise.all(downloads)]);
    const startMs = performance.now();
    server.kill("SIGTERM");
    // The idle connection is closed at once, the downloads are still under way.
    check(await idle.read(new Uint8Array(1)) === null, "The idle connection got bytes");
    idle.close();
    const idleMs = performance.now() - startMs;
    resume.resolve();
    await Promise.all(downloads);
    const { code, notes } = await server.ended();
    const ms = performance.now() - startMs;
    check(code === 0 && ms < 10_000, `Ended with ${code} after ${ms} ms: ${notes}`);
    check(/ 0 errors$/.test(notes.trim()), notes);
    return `${clients} downloads of ${megabytes} MiB whole, idle one closed after ` +
      `${Math.round(idleMs)} ms, exit 0 after ${Math.round(ms)} ms`;
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

/**
 * Slow clients send a byte of a head per second: they are closed in time, and others keep their
 * throughput, which is judged where they send without a pause.
 */
export async function slowClients(
  setup: Setup,
  { clients = 200, connections = 32, headSeconds = 10, seconds = 4, byteMs = 1000, pauseMs = 0 } =
    {},
) {
  const args = ["http", "--port", "0", ...setupArgs(setup), "--head-timeout", `${headSeconds}s`];
  await using server = await ServerProcess.start(args);
  const load = new RequestLoop(server.port, connections, pauseMs);
  await load.rate(Math.min(2, seconds));
  const before = await load.rate(seconds);
  const startMs = performance.now();
  const first = load.count;
  const lives = Array.from({ length: clients }, async () => {
    using conn = await connect(server.port);
    let isOpen = true;
    const end = conn.readable.getReader();
    const answer = (async () => {
      let text = "";
      for (let part = await end.read(); !part.done; part = await end.read()) {
        text += new TextDecoder().decode(part.value);
      }
      return text;
    })().catch(() => "reset").finally(() => isOpen = false);
    for (let i = 0; isOpen && i < REQUEST.length - 1; i++) {
      await conn.write(REQUEST.subarray(i, i + 1)).catch(() => isOpen = false);
      await Promise.race([answer, sleep(byteMs)]);
    }
    return { ms: performance.now() - startMs, text: await answer };
  });
  const ends = await Promise.all(lives);
  const during = (load.count - first) / (performance.now() - startMs) * 1000;
  // The machine's speed drifts: compared with the mean of the rates before and after.
  const without = (before + await load.rate(seconds)) / 2;
  await load.stop();
  const longestMs = Math.max(...ends.map(({ ms }) => ms));
  const answered = ends.filter(({ text }) => text.startsWith("HTTP/1.1 408 ")).length;
  await stopWell(server);
  check(answered === clients, `${answered} of ${clients} slow clients got 408`);
  return {
    line: `${clients} slow clients gone after ${(longestMs / 1000).toFixed(1)} s, ` +
      `${connections} others: ${Math.round(without)} -> ${Math.round(during)} requests/s ` +
      `(${Math.round(during / without * 100)} %)`,
    longestMs,
    share: during / without,
  };
}

/** More clients than descriptors: no crash, no spinning, all are answered, full service after. */
export async function fewDescriptors(
  setup: Setup,
  { clients = 1000, openFiles = 128, idleMs = 1000 } = {},
) {
  const args = ["http", "--port", "0", ...setupArgs(setup), "--backlog", "1024"];
  await using server = await ServerProcess.start(args, { openFiles });
  const hold = Promise.withResolvers<void>();
  let connected = 0;
  let answered = 0;
  const all = Array.from({ length: clients }, async () => {
    using conn = await connect(server.port);
    connected++;
    await hold.promise;
    await writeAll(conn, REQUEST);
    await readResponse(conn, new Uint8Array(1024));
    answered++;
  });
  while (connected < clients) await sleep(20);
  await sleep(500);
  // Now as many as fit are accepted, and all are silent: the server has nothing to do.
  const beforeUs = server.cpuUs;
  await sleep(idleMs);
  const idleUs = server.cpuUs - beforeUs;
  hold.resolve();
  const results = await Promise.allSettled(all);
  // Connections that were idle for five seconds were closed, as they should be.
  const lost = results.filter(({ status }) => status === "rejected").length;
  using conn = await connect(server.port);
  await writeAll(conn, REQUEST);
  await readResponse(conn, new Uint8Array(1024));
  await stopWell(server);
  check(idleUs < 200 * idleMs, `It used ${idleUs} µs of CPU in ${idleMs} ms without work`);
  check(lost === 0, `${lost} of ${clients} clients were not answered`);
  return `${answered} of ${clients} clients answered, ${
    idleUs / 1000
  } ms of CPU in ${idleMs} idle ms`;
}

/** Growth that is normal variation of the heap, in MiB. */
const STEADY_MIB = 8;

/**
 * Memory over many requests. The heaps of some threads reach their size late: if memory grew in the
 * second half, up to three more halves show whether that goes on.
 */
export async function memoryGrowth(
  setup: Setup,
  { requests = 1_000_000, connections = 32 } = {},
) {
  // How many Workers a pool has depends on the load; a fixed few show what requests leave behind.
  const few = setup.model === "shared-pool" ? ["--max-active", "2"] : [];
  const args = ["http", "--port", "0", ...setupArgs(setup), ...few];
  await using server = await ServerProcess.start(args);
  const load = new RequestLoop(server.port, connections);
  const half = requests / 2;
  const sizes: number[] = [];
  const isSteady = () => sizes.at(-1)! - sizes.at(-2)! <= STEADY_MIB;
  while (sizes.length < 2 || sizes.length < 5 && !isSteady()) {
    while (load.count < half * (sizes.length + 1)) await sleep(20);
    sizes.push(server.residentBytes / 2 ** 20);
  }
  await load.stop();
  await stopWell(server);
  const line = `every ${half} requests: ${sizes.map((size) => size.toFixed(1)).join(" -> ")} ` +
    `MiB resident`;
  check(isSteady(), `${line}: it grows`);
  return line;
}

/** What an idle keep-alive connection costs, each after one request. */
export async function idleConnections(setup: Setup, { clients = 10_000 } = {}) {
  const args = ["http", "--port", "0", ...setupArgs(setup), "--idle-timeout", "0"];
  const wide = [...args, "--backlog", "4096", "--max-connections", "12000"];
  await using server = await ServerProcess.start(wide);
  const buffer = new Uint8Array(1024);
  const open: Deno.Conn[] = [];
  const openOne = async () => {
    const conn = await connect(server.port);
    open.push(conn);
    await writeAll(conn, REQUEST);
    await readResponse(conn, buffer);
  };
  for (let i = 0; i < 50; i++) await openOne();
  const before = server.residentBytes;
  for (let i = 0; i < clients; i++) await openOne();
  await sleep(2000);
  const kibibytes = (server.residentBytes - before) / clients / 1024;
  for (const conn of open) conn.close();
  await stopWell(server);
  return {
    line: `${clients} idle connections: ${kibibytes.toFixed(2)} KiB resident each`,
    kibibytes,
  };
}
