/**
 * What every model does with every engine, with both services: one suite, run for each.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import type { Timeouts } from "../../../servers/net/connection.ts";
import { type RunningServer, serve, sumCounters } from "../../../servers/mod.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import {
  DIR_FILES,
  loadHttpCases,
  type Service,
  SERVICES,
} from "../../../bench/check/http/cases.ts";
import { replay } from "../../support/http_replay.ts";
import { sleep } from "../../../system/wait.ts";
import {
  forEachSetup,
  serverOptions,
  type Setup,
  SETUPS,
  stepsAtOnce,
} from "../../support/setups.ts";
import { until } from "../../support/until.ts";

const GET = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const TIMEOUTS = { idleMs: 2000, headMs: 2000, contentMs: 2000, lingerMs: 2000 };

const root = Deno.makeTempDirSync({ prefix: "ktcp-models-" });
for (const [name, text] of Object.entries(DIR_FILES)) {
  Deno.writeTextFileSync(`${root}/${name}`, text);
}
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

function http(content: Service): ServiceOptions {
  return { kind: "http", content, directory: { root }, limits: DEFAULT_LIMITS };
}

function echo(bufferBytes = 20): ServiceOptions {
  return { kind: "echo", bufferBytes, verbose: false };
}

interface Started {
  setup: Setup;
  service: ServiceOptions;
  timeouts?: Partial<Timeouts>;
  maxConnections?: number;
}

interface StartedServer extends RunningServer, AsyncDisposable {
  /** What it had to say, for the message of a test that fails. */
  told(): string;
}

async function start(
  { setup, service, timeouts, maxConnections }: Started,
): Promise<StartedServer> {
  const notes: string[] = [];
  const server = await serve({
    ...serverOptions(setup),
    service,
    timeouts,
    maxConnections,
    workers: 2,
    onNote: (note) => notes.push(note),
  });
  let isStopped = false;
  return {
    ...server,
    told: () => `its notes: ${JSON.stringify(notes)}`,
    stop(graceMs) {
      isStopped = true;
      return server.stop(graceMs);
    },
    async [Symbol.asyncDispose]() {
      if (!isStopped) assert.equal(await server.stop(5000), 0, "all ends within the grace");
    },
  };
}

async function counted(server: RunningServer) {
  return sumCounters((await server.observe()).threads.flatMap((report) => report.counters ?? []));
}

/** Receives until the peer closes. */
async function readToEnd(conn: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(65536);
  for (let count; (count = await conn.read(buffer)) !== null;) {
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
  return text;
}

/** Whether nobody listens at `port`. */
async function isRefused(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return true;
    if (error instanceof Deno.errors.ConnectionReset) return false;
    throw error;
  }
}

function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => seed * 7 + i * 31 + (i >> 8));
}

/** Whether who waits for a Worker longer than a head may take is refused with 503. */
function refusesInTime({ model }: Setup): boolean {
  return model === "shared-pool" || model === "per-connection";
}

/** For these: so long no client waits for a Worker, and no case may wait for the timeout itself. */
const PATIENT = { ...TIMEOUTS, headMs: 20_000 };
const TIMED = ["incomplete", "silent"];

/** A check that every setup passes. */
type Contract = (setup: Setup) => Promise<void>;

const CONTRACTS: Record<string, Contract> = {
  "echo: every byte comes back, whatever the size, on several connections": async (setup) => {
    await using server = await start({ setup, service: echo() });
    await Promise.all([1, 19, 20, 21, 31, 1000, 5000].map(async (size, seed) => {
      using conn = await connect(server.port);
      for (let round = 0; round < 3; round++) {
        const message = pattern(size, seed + round);
        const back = new Uint8Array(size);
        await Promise.all([writeAll(conn, message), readFull(conn, back)]);
        assert.deepEqual(back, message);
      }
    }));
    assert.equal((await counted(server)).connections, 7);
  },

  "echo: what came before the FIN is sent back, then FIN": async (setup) => {
    await using server = await start({ setup, service: echo() });
    using conn = await connect(server.port);
    await writeAll(conn, new TextEncoder().encode("a message longer than the buffer"));
    await conn.closeWrite();
    assert.equal(await readToEnd(conn), "a message longer than the buffer");
  },

  "http: pipelined requests before a FIN are answered in full and in order": async (setup) => {
    await using server = await start({ setup, service: http("echo") });
    using conn = await connect(server.port);
    const posts = Array.from(
      { length: 20 },
      (_, i) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(i).length}\r\n\r\n${i}`,
    );
    await writeAll(conn, new TextEncoder().encode(posts.join("")));
    await conn.closeWrite();
    const text = await readToEnd(conn);
    const bodies = [...text.matchAll(/\r\n\r\n(\d+)/g)].map((match) => Number(match[1]));
    assert.deepEqual(bodies, posts.map((_, i) => i));
    const { served } = await counted(server);
    assert.equal(served, 20);
  },

  "timeouts: idle is silent, a head or content that does not end gets 408": async (setup) => {
    // So long a client waits for a Worker, which may have to start, on a machine that is busy.
    const ms = refusesInTime(setup) ? 3000 : 300;
    const timeouts = { idleMs: ms, headMs: ms, contentMs: ms, lingerMs: 300 };
    await using server = await start({ setup, service: http("hello"), timeouts });
    const answers = await Promise.all(
      ["", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"]
        .map(async (begin) => {
          using conn = await connect(server.port);
          await writeAll(conn, new TextEncoder().encode(begin));
          return (await readToEnd(conn)).split("\r\n")[0];
        }),
    );
    const status = "HTTP/1.1 408 Request Timeout";
    assert.deepEqual(answers, ["", status, status]);
  },

  "backpressure: who does not read is not read from, and is closed in time": async (setup) => {
    await using server = await start({
      setup,
      service: echo(4096),
      timeouts: { writeMs: 500 },
    });
    using conn = await connect(server.port);
    const chunk = new Uint8Array(65536);
    let sent = 0;
    // It stalls when the buffers of both directions are full, and then the server closes.
    await assert.rejects(async () => {
      while (sent < 1 << 30) sent += await conn.write(chunk);
    });
    await until(
      async () => (await counted(server)).timeouts === 1,
      () => `the timeout of one connection is counted; ${sent} bytes were sent, ${server.told()}`,
    );
    const { bytesIn } = await counted(server);
    // What the kernel buffered is not the server's memory: it holds no more than one piece.
    assert.ok(bytesIn < sent && sent < 256 << 20, `${bytesIn} of ${sent}`);
  },

  "a client that resets is an event: it is counted, others go on": async (setup) => {
    await using server = await start({ setup, service: http("echo") });
    const other = await connect(server.port);
    for (let i = 0; i < 3; i++) {
      const conn = await connect(server.port);
      await writeAll(conn, GET);
      // Closed with a response unread: the kernel sends RST.
      await sleep(20);
      conn.close();
    }
    await writeAll(other, GET);
    const buffer = new Uint8Array(1024);
    const text = String.fromCharCode(...buffer.subarray(0, await other.read(buffer) ?? 0));
    assert.match(text, /^HTTP\/1\.1 200 /);
    other.close();
  },

  "the limit of connections: more wait, and get their turn": async (setup) => {
    await using server = await start({ setup, service: echo(), maxConnections: 2 });
    const first = await Promise.all([connect(server.port), connect(server.port)]);
    const back = new Uint8Array(2);
    for (const conn of first) {
      await writeAll(conn, back);
      await readFull(conn, back);
    }
    using third = await connect(server.port);
    await writeAll(third, back);
    const turn = readFull(third, back).then(() => "served");
    assert.equal(await Promise.race([turn, sleep(150).then(() => "waits")]), "waits");
    first[0].close();
    assert.equal(await turn, "served");
    first[1].close();
  },

  "draining: idle connections end at once, a request in progress is answered": async (setup) => {
    const server = await start({ setup, service: http("echo") });
    using idle = await connect(server.port);
    using used = await connect(server.port);
    using busy = await connect(server.port);
    await writeAll(used, GET);
    const buffer = new Uint8Array(1024);
    await used.read(buffer);
    const head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    await writeAll(busy, new TextEncoder().encode(head));
    await readFull(busy, new Uint8Array("HTTP/1.1 100 Continue\r\n\r\n".length));
    // A connection still in the accept queue when its listener closes is reset, not ended.
    await until(async () => (await counted(server)).connections === 3);
    const startMs = performance.now();
    const stopped = server.stop(5000);
    assert.equal(await idle.read(buffer), null);
    assert.equal(await used.read(buffer), null);
    assert.ok(performance.now() - startMs < 2000, "at once");
    // The Worker that these two had is not the only one that listens.
    await until(() => isRefused(server.port));
    await writeAll(busy, new TextEncoder().encode("done"));
    const text = await readToEnd(busy);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\nConnection: close\r\n/);
    assert.match(text, /done$/);
    assert.equal(await stopped, 0);
  },

  "draining: what takes longer than the grace is cut off, and counted": async (setup) => {
    const server = await start({ setup, service: http("hello") });
    using conn = await connect(server.port);
    const { model } = setup;
    await writeAll(conn, GET.subarray(0, 5));
    await until(async () => (await counted(server)).bytesIn === 5 || model === "per-connection");
    if (model === "per-connection") await sleep(300);
    const startMs = performance.now();
    assert.equal(await server.stop(200), 1);
    assert.ok(performance.now() - startMs < 3000);
    assert.equal(await readToEnd(conn).catch(() => ""), "");
  },

  "an address in use is refused, also by a server of the same setup": async (setup) => {
    await using server = await start({ setup, service: echo() });
    const second = serve({
      ...serverOptions(setup),
      service: echo(),
      listen: { port: server.port },
      workers: 2,
    });
    await assert.rejects(second, Deno.errors.AddrInUse);
  },
};

// The whole table is replayed against model single, see http/cases_test.ts; of the others each gets
// a part of it, which is smaller where every case costs a Worker.
const CASES = loadHttpCases();
const SOME: Record<Service, number> = { hello: 23, echo: 23, dir: 23 };
const FEW: Record<Service, number> = { hello: 47, echo: 47, dir: 237 };

for (const service of SERVICES) {
  CONTRACTS[`http (${service}) answers a sample of the cases as the table says`] = async (
    setup,
  ) => {
    const every = (setup.model === "per-connection" ? FEW : SOME)[service];
    const isPatient = refusesInTime(setup);
    const timeouts = isPatient ? PATIENT : TIMEOUTS;
    await using server = await start({ setup, service: http(service), timeouts });
    const address = { hostname: "127.0.0.1", port: server.port };
    const queue = CASES.filter((_, i) => i % every === SERVICES.indexOf(service))
      // Their timeouts are above.
      .filter(({ expect }) => !isPatient || !TIMED.includes(expect[service].then));
    const faults: string[] = [];
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
        // Connections wait for their Workers.
        const found = await replay(test, { address, service, deadlineMs: 20_000 });
        faults.push(...found.map((fault) => `${test!.topic}: ${test!.name}: ${fault}`));
      }
    }));
    assert.equal(faults.length, 0, faults.slice(0, 20).join("\n"));
  };
}

forEachSetup(SETUPS, (setup) => {
  const { label, model } = setup;
  const contracts = Object.entries(CONTRACTS);
  if (model === "per-connection") {
    // It starts many Workers: one contract after the other.
    for (const [name, contract] of contracts) {
      Deno.test(`${label}: ${name}`, () => contract(setup));
    }
  } else {
    // Mostly they wait for timeouts: all at the same time.
    Deno.test(`${label}: the contract`, async (t) => {
      const steps = contracts.map(([name, contract]) => [name, () => contract(setup)]);
      await stepsAtOnce(t, Object.fromEntries(steps));
    });
  }
});
