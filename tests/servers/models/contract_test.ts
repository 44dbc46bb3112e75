/**
 * What every model does with every engine, with both services: one suite, run for each.
 *
 * Contracts that ask for the same server have it one after the other: starting Workers costs most of the
 * CPU time of this suite.
 */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import {
  type PartialServerOptions,
  type RunningServer,
  serve,
  sumCounters,
} from "../../../servers/mod.ts";
import type { ServiceOptions } from "../../../servers/models/options.ts";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import {
  DIR_FILES,
  type HttpCase,
  loadHttpCases,
  type Service,
} from "../../../bench/check/http/cases.ts";
import { replay } from "../../support/http_replay.ts";
import { sleep } from "../../../system/wait.ts";
import {
  CASE_SETUPS,
  forEachSetup,
  serverOptions,
  type Setup,
  SETUPS,
  stepsAtOnce,
} from "../../support/setups.ts";
import { until } from "../../support/until.ts";

const GET = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

/** So long no client waits for a Worker, which may have to start, on a machine that is busy. */
const PATIENT = { headMs: 20_000 };

/** In some cases a server that has refused content waits for it before it closes. */
const REFUSING = { ...PATIENT, contentMs: 2000 };

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

interface StartedServer extends RunningServer, AsyncDisposable {
  /** What it had to say, for the message of a test that fails. */
  told(): string;
}

async function start(setup: Setup, options: PartialServerOptions): Promise<StartedServer> {
  const notes: string[] = [];
  const server = await serve({
    ...serverOptions(setup),
    workers: 2,
    onNote: (note) => notes.push(note),
    ...options,
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

/** A check that every setup passes. The server has no connection when it starts. */
type Contract = (server: StartedServer, setup: Setup) => Promise<void>;

const ECHO_CONTRACTS: Record<string, Contract> = {
  "every byte comes back, whatever the size, on several connections": async (server) => {
    const before = await counted(server);
    await Promise.all([1, 20, 21, 1000, 5000].map(async (size, seed) => {
      using conn = await connect(server.port);
      for (let round = 0; round < 3; round++) {
        const message = pattern(size, seed + round);
        const back = new Uint8Array(size);
        await Promise.all([writeAll(conn, message), readFull(conn, back)]);
        assert.deepEqual(back, message);
      }
    }));
    assert.equal((await counted(server)).connections - before.connections, 5);
  },

  "what came before the FIN is sent back, then FIN": async ({ port }) => {
    using conn = await connect(port);
    await writeAll(conn, new TextEncoder().encode("a message longer than the buffer"));
    await conn.closeWrite();
    assert.equal(await readToEnd(conn), "a message longer than the buffer");
  },

  "an address in use is refused, also by a server of the same setup": async ({ port }, setup) => {
    const second = serve({
      ...serverOptions(setup),
      service: echo(),
      listen: { port },
      workers: 2,
    });
    await assert.rejects(second, Deno.errors.AddrInUse);
  },
};

const LIMIT_CONTRACTS: Record<string, Contract> = {
  "the limit of connections: more wait, and get their turn": async ({ port }) => {
    const first = await Promise.all([connect(port), connect(port)]);
    const back = new Uint8Array(2);
    for (const conn of first) {
      await writeAll(conn, back);
      await readFull(conn, back);
    }
    using third = await connect(port);
    await writeAll(third, back);
    const turn = readFull(third, back).then(() => "served");
    assert.equal(await Promise.race([turn, sleep(150).then(() => "waits")]), "waits");
    first[0].close();
    assert.equal(await turn, "served");
    first[1].close();
  },

  "backpressure: who does not read is not read from, and is closed in time": async (server) => {
    const before = await counted(server);
    using conn = await connect(server.port);
    const chunk = new Uint8Array(65536);
    let sent = 0;
    // It stalls when the buffers of both directions are full, and then the server closes.
    await assert.rejects(async () => {
      while (sent < 1 << 30) sent += await conn.write(chunk);
    });
    await until(
      async () => (await counted(server)).timeouts - before.timeouts === 1,
      () => `the timeout of one connection is counted; ${sent} bytes were sent, ${server.told()}`,
    );
    const bytesIn = (await counted(server)).bytesIn - before.bytesIn;
    // What the kernel buffered is not the server's memory: it holds no more than one piece.
    assert.ok(bytesIn < sent && sent < 256 << 20, `${bytesIn} of ${sent}`);
  },
};

const SAMPLE = "a sample of the cases is answered as the table says";

const CONTENT_CONTRACTS: Record<string, Contract> = {
  "pipelined requests before a FIN are answered in full and in order": async (server) => {
    const before = await counted(server);
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
    assert.equal((await counted(server)).served - before.served, 20);
  },

  "a client that resets is an event: it is counted, others go on": async (server) => {
    const before = await counted(server);
    using other = await connect(server.port);
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
    await until(async () => (await counted(server)).connections - before.connections === 4);
  },

  [SAMPLE]: replaySample("echo"),

  "draining: idle connections end at once, a request in progress is answered": async (server) => {
    const before = await counted(server);
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
    await until(async () => (await counted(server)).connections - before.connections === 3);
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
};

const HELLO_CONTRACTS: Record<string, Contract> = {
  [SAMPLE]: replaySample("hello"),

  "draining: what takes longer than the grace is cut off, and counted": async (server, setup) => {
    const before = await counted(server);
    using conn = await connect(server.port);
    await writeAll(conn, GET.subarray(0, 5));
    // A Worker that blocks on its socket tells what it has received when it has answered.
    if (setup.model === "per-connection") await sleep(300);
    else await until(async () => (await counted(server)).bytesIn - before.bytesIn === 5);
    const startMs = performance.now();
    assert.equal(await server.stop(200), 1);
    assert.ok(performance.now() - startMs < 3000);
    assert.equal(await readToEnd(conn).catch(() => ""), "");
  },
};

const TIMEOUT_CONTRACTS: Record<string, Contract> = {
  "idle is silent, a head or content that does not end gets 408": async ({ port }) => {
    const answers = await Promise.all(
      ["", "GET / HT", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"]
        .map(async (begin) => {
          using conn = await connect(port);
          await writeAll(conn, new TextEncoder().encode(begin));
          return (await readToEnd(conn)).split("\r\n")[0];
        }),
    );
    const status = "HTTP/1.1 408 Request Timeout";
    assert.deepEqual(answers, ["", status, status]);
  },
};

/** Outcomes that are timeouts, for which there is a contract. */
const TIMED = ["incomplete", "silent", "idle"];

const CASES = loadHttpCases();

/** One case for each outcome that `service` has: the statuses, and what becomes of the connection. */
function sampleOf(service: Service): HttpCase[] {
  const ofOutcome = new Map<string, HttpCase>();
  for (const test of CASES) {
    const { responses, then } = test.expect[service];
    const outcome = `${then} ${responses.map(({ status }) => status)}`;
    if (!TIMED.includes(then) && !ofOutcome.has(outcome)) ofOutcome.set(outcome, test);
  }
  return [...ofOutcome.values()];
}

/** Replays a sample, a part of it where every case costs a Worker. */
function replaySample(service: Service): Contract {
  return async ({ port }, { model }) => {
    const every = model === "per-connection" ? 10 : 1;
    const queue = sampleOf(service).filter((_, i) => i % every === 0);
    const address = { hostname: "127.0.0.1", port };
    const faults: string[] = [];
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let test = queue.shift(); test !== undefined; test = queue.shift()) {
        const found = await replay(test, { address, service });
        faults.push(...found.map((fault) => `${test!.topic}: ${test!.name}: ${fault}`));
      }
    }));
    assert.equal(faults.length, 0, faults.slice(0, 20).join("\n"));
  };
}

/** Contracts that one server keeps, one after the other; the last one may stop it. */
interface Group {
  options(setup: Setup): PartialServerOptions;
  contracts: Record<string, Contract>;
}

const GROUPS: Record<string, Group> = {
  echo: { options: () => ({ service: echo() }), contracts: ECHO_CONTRACTS },
  "echo, limited": {
    options: () => ({ service: echo(4096), maxConnections: 2, timeouts: { writeMs: 500 } }),
    contracts: LIMIT_CONTRACTS,
  },
  "http (echo)": {
    options: () => ({ service: http("echo"), timeouts: PATIENT }),
    contracts: CONTENT_CONTRACTS,
  },
  "http (hello)": {
    options: () => ({ service: http("hello"), timeouts: REFUSING, workers: 1 }),
    contracts: HELLO_CONTRACTS,
  },
  "http (dir)": {
    options: () => ({ service: http("dir"), timeouts: REFUSING, workers: 1 }),
    contracts: { [SAMPLE]: replaySample("dir") },
  },
  "timeouts": {
    options: (setup) => {
      // So long a client waits for a Worker, which may have to start, on a machine that is busy.
      const ms = refusesInTime(setup) ? 3000 : 300;
      const timeouts = { idleMs: ms, headMs: ms, contentMs: ms, lingerMs: 300 };
      return { service: http("hello"), timeouts, workers: 1 };
    },
    contracts: TIMEOUT_CONTRACTS,
  },
};

/** Runs the contracts of a group. */
async function keep(t: Deno.TestContext, { options, contracts }: Group, setup: Setup) {
  // In these setups http/cases_test.ts replays the whole table.
  const left = Object.entries(contracts)
    .filter(([name]) => name !== SAMPLE || !CASE_SETUPS.includes(setup));
  if (left.length === 0) return;
  await using server = await start(setup, options(setup));
  for (const [name, contract] of left) {
    await until(async () => (await counted(server)).open === 0);
    await t.step(name, () => contract(server, setup));
  }
}

forEachSetup(SETUPS, (setup) => {
  const { label, model } = setup;
  const groups = Object.entries(GROUPS).map(([name, group]) =>
    [name, (t: Deno.TestContext) => keep(t, group, setup)] as const
  );
  if (model === "per-connection") {
    // It starts many Workers: one server after the other.
    for (const [name, run] of groups) Deno.test(`${label}: ${name}`, run);
  } else {
    // Mostly they wait for timeouts: all at the same time.
    Deno.test(`${label}: the contract`, (t) => stepsAtOnce(t, Object.fromEntries(groups)));
  }
});
