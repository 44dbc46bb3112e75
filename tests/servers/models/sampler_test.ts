/** What samples of a server say, in every model with every engine. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import {
  measureWork,
  type RunningServer,
  serve,
  type ServerSample,
  sumCounters,
  type WorkKind,
} from "../../../servers/mod.ts";
import { Sampler } from "../../../servers/models/sampler.ts";
import { ThreadWatch } from "../../../servers/models/thread_watch.ts";
import { NO_MEMORY } from "../../../servers/models/memory_budget.ts";
import {
  type PartialServerOptions,
  type ServiceOptions,
  withDefaults,
} from "../../../servers/models/options.ts";
import type { ThreadState } from "../../../servers/models/server_sample.ts";
import { CONNECTION_PHASES, type ConnectionPhase } from "../../../servers/net/connection_list.ts";
import { blocksThread } from "../../../servers/net/engine_options.ts";
import { connect, readResponse, REQUEST, writeAll } from "../../../tools/soak/client.ts";
import {
  FEW_SETUPS,
  FEWEST_SETUPS,
  forEachSetup,
  MODEL_SETUPS,
  POOL_SETUP,
  possible,
  serverOptions,
  type Setup,
  stepsAtOnce,
  whyNotHere,
} from "../../support/setups.ts";
import { withinAttempts } from "../../support/attempts.ts";
import { until } from "../../support/until.ts";

const HELLO: ServiceOptions = { kind: "http", content: "hello", limits: DEFAULT_LIMITS };

const root = Deno.makeTempDirSync({ prefix: "ktcp-sampler-" });
Deno.writeTextFileSync(`${root}/large.bin`, "");
// More than the buffers of two sockets hold.
Deno.truncateSync(`${root}/large.bin`, 64 << 20);
addEventListener("unload", () => Deno.removeSync(root, { recursive: true }));

/** A server, and who takes samples of it. */
interface Sampled extends AsyncDisposable {
  server: RunningServer;
  sample(): Promise<ServerSample>;
  /** Ends the server, which is done once. */
  stop(): Promise<void>;
}

function sampled(server: RunningServer, watch: ThreadWatch): Sampled {
  const sampler = new Sampler(server, watch);
  let stopped: Promise<number> | undefined;
  const stop = async () => void await (stopped ??= server.stop(1000));
  return {
    server,
    sample: async () => {
      let sample!: ServerSample;
      await sampler.take((line) => sample = JSON.parse(line));
      return sample;
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function start(
  setup: Setup,
  options: Pick<PartialServerOptions, "service" | "timeouts">,
): Promise<Sampled> {
  const watch = await ThreadWatch.open();
  const server = await serve({ ...serverOptions(setup), workers: 2, ...options, watch });
  return sampled(server, watch);
}

/** The connections of `sample` in some phase. */
function inPhase(
  { connections: { ids, phases, inputBytes, untilTimeoutMs } }: ServerSample,
  phase: ConnectionPhase,
) {
  return ids.map((id, i) => ({
    id,
    phase: CONNECTION_PHASES[phases[i]],
    inputBytes: inputBytes[i],
    untilTimeoutMs: untilTimeoutMs[i],
  })).filter((one) => one.phase === phase);
}

/** What a client does so that its connection comes into a phase. */
interface Case {
  phase: ConnectionPhase;
  sends: string;
  /** Bytes that the sample shows; absent: however many. */
  inputBytes?: number;
  /** The timeout that runs, in ms: each phase has another. */
  timeoutMs: number;
}

const TIMEOUTS = {
  idleMs: 10_000,
  headMs: 20_000,
  contentMs: 30_000,
  writeMs: 40_000,
  lingerMs: 50_000,
};

const CASES: readonly Case[] = [
  { phase: "idle", sends: "", inputBytes: 0, timeoutMs: TIMEOUTS.idleMs },
  { phase: "head", sends: "GET / HT", inputBytes: 8, timeoutMs: TIMEOUTS.headMs },
  {
    phase: "content",
    sends: "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcd",
    timeoutMs: TIMEOUTS.contentMs,
  },
  {
    phase: "sending",
    sends: "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
    timeoutMs: TIMEOUTS.writeMs,
  },
  { phase: "lingering", sends: "no request\r\n\r\n", timeoutMs: TIMEOUTS.lingerMs },
];

/** Timeouts are over up to two ticks of 250 ms later, and the machine may be slow. */
const LATER_MS = 500;
const EARLIER_MS = 9000;

const SERVED_FILES: ServiceOptions = {
  kind: "http",
  content: "dir",
  directory: { root },
  limits: DEFAULT_LIMITS,
};

forEachSetup(MODEL_SETUPS, (setup) => {
  Deno.test(`${setup.label}: a sample shows each connection's phase, input and timeout`, async () => {
    await using sampled = await start(setup, { service: SERVED_FILES, timeouts: TIMEOUTS });
    const { server, sample } = sampled;
    const conns: Deno.Conn[] = [];
    try {
      for (const { sends } of CASES) {
        const conn = await connect(server.port);
        conns.push(conn);
        await writeAll(conn, new TextEncoder().encode(sends));
      }
      let last!: ServerSample;
      await until(
        async () => {
          last = await sample();
          return CASES.every(({ phase }) => inPhase(last, phase).length === 1);
        },
        () => `a connection in each phase; last: ${JSON.stringify(last.connections)}`,
      );
      // What is in the kernel's buffers was sent; then nothing moves any more.
      last = await sample();
      for (const { phase, inputBytes, timeoutMs } of CASES) {
        const [one] = inPhase(last, phase);
        if (inputBytes !== undefined) assert.equal(one.inputBytes, inputBytes, phase);
        const { untilTimeoutMs } = one;
        assert.ok(untilTimeoutMs <= timeoutMs + LATER_MS, `${phase}: ${untilTimeoutMs}`);
        assert.ok(untilTimeoutMs > timeoutMs - EARLIER_MS, `${phase}: ${untilTimeoutMs}`);
      }
      assert.equal(new Set(last.connections.ids).size, CASES.length);
      assert.equal(last.counters.open, CASES.length);
      assert.equal(last.counters.connections, CASES.length);
    } finally {
      for (const conn of conns) conn.close();
    }
    await until(async () => (await sample()).connections.ids.length === 0, "all are closed");
  });
});

/** What a thread is to be seen doing, by the work that a message costs. */
const STATES: Readonly<Record<WorkKind, ThreadState>> = { block: "blocked", compute: "busy" };

/** What a message costs: long enough to be seen on a busy machine. */
const WORK_MS = 300;

/**
 * Takes samples until one shows that a thread does the work of a message. A sample is late when this
 * process has no core, so one good run of a few is enough.
 */
function seeWork(setup: Setup, kind: WorkKind): Promise<void> {
  return withinAttempts(() => seeWorkOnce(setup, kind), `${setup.label}, a thread that ${kind}s`);
}

async function seeWorkOnce(setup: Setup, kind: WorkKind): Promise<void> {
  const state = STATES[kind];
  const work = measureWork({ kind, timeUs: WORK_MS * 1000 });
  await using sampled = await start(setup, { service: { ...HELLO, work } });
  const { server, sample } = sampled;
  using conn = await connect(server.port);
  await until(async () => (await sample()).connections.ids.length === 1);
  await writeAll(conn, REQUEST);
  const answered = readResponse(conn, new Uint8Array(1024));
  answered.catch(() => {});
  const states: (ThreadState | null)[][] = [];
  let longestMs = 0;
  await until(async () => {
    const startMs = performance.now();
    const { threads, connections, queue } = await sample();
    longestMs = Math.max(longestMs, performance.now() - startMs);
    states.push(threads.map((thread) => thread.state));
    if (!states.at(-1)!.includes(state)) return false;
    if (setup.model !== "shared-pool") return true;
    // Before that, a Worker that is created is busy.
    return CONNECTION_PHASES[connections.phases[0]] === "working" &&
      queue!.waiting === 0 && queue!.active === 1;
  }, () => `a thread is ${state}: ${JSON.stringify(states.slice(-20))}`);
  // Only the thread that takes the samples can hold them up.
  if (!worksOnMain(setup)) assert.ok(longestMs < WORK_MS / 2, `a sample took ${longestMs} ms`);
  await answered;
}

function worksOnMain({ model, engine }: Setup): boolean {
  return model === "single" && !blocksThread(engine);
}

const isLinux = Deno.build.os === "linux";

Deno.test({
  name: "a thread that sleeps in work is blocked, and holds up no sample",
  ignore: !isLinux,
  async fn(t) {
    // The others have the main thread to themselves.
    const setups = possible(FEW_SETUPS).filter((setup) => !worksOnMain(setup));
    const steps = setups.map((setup) => [setup.label, () => seeWork(setup, "block")]);
    await stepsAtOnce(t, Object.fromEntries(steps));
  },
});

Deno.test({
  name: "single: the thread that takes the samples is blocked while it sleeps in work",
  ignore: !isLinux,
  fn: () => seeWork(possible(FEW_SETUPS).find(worksOnMain)!, "block"),
});

forEachSetup(FEWEST_SETUPS, (setup) => {
  Deno.test({
    name: `${setup.label}: a thread that computes is busy, and holds up no sample`,
    ignore: !isLinux,
    fn: () => seeWork(setup, "compute"),
  });
});

forEachSetup(MODEL_SETUPS, (setup) => {
  Deno.test(`${setup.label}: the last sample adds up to what the server counted`, async () => {
    await using sampled = await start(setup, { service: HELLO });
    const { server, sample } = sampled;
    const before = await sample();
    await Promise.all(Array.from({ length: 2 }, async () => {
      using conn = await connect(server.port);
      for (let i = 0; i < 20; ++i) {
        await writeAll(conn, REQUEST);
        await readResponse(conn, new Uint8Array(1024));
      }
    }));
    await sampled.stop();
    const last = await sample();
    const { threads } = await server.observe();
    assert.deepEqual(last.counters, sumCounters(threads.flatMap(({ counters }) => counters ?? [])));
    assert.deepEqual([last.counters.connections, last.counters.served], [2, 40]);
    assert.ok(last.atMs > before.atMs && last.costUs > before.costUs);
    assert.ok(last.threads.every(({ name, isAlive }) => isAlive === (name === "main")));
  });
});

Deno.test("Sampler: no more connections are listed than may be, and all are counted", async () => {
  const watch = await ThreadWatch.open();
  await using one = sampled(await serve({ service: HELLO, watch }), watch);
  const { server } = one;
  const conns = await Promise.all(Array.from({ length: 9 }, () => connect(server.port)));
  const listed = async (maxConnections: number) => {
    const { connections, threads } = await server.observe({ patienceMs: 10, maxConnections });
    return [
      connections.reduce((sum, { length }) => sum + length / 4, 0),
      threads[0].counters!.open,
    ];
  };
  await until(async () => (await listed(100))[1] === 9);
  assert.deepEqual(await listed(100), [9, 9]);
  assert.deepEqual(await listed(4), [4, 9]);
  assert.deepEqual(await listed(0), [0, 9]);
  for (const conn of conns) conn.close();
});

Deno.test({
  name: "Sampler: a pool's Workers come and go, and the sockets that wait for one are counted",
  ignore: whyNotHere(POOL_SETUP) !== undefined,
  // How many wait is seen in samples: a few in 0.6 s, if this process has a core.
  fn: () =>
    withinAttempts(async () => {
      const { serveDescriptorPool } = await import(
        "../../../servers/models/shared_pool/descriptor_pool.ts"
      );
      const work = measureWork({ kind: "block", timeUs: 100_000 });
      const options = withDefaults({ service: { ...HELLO, work }, engine: POOL_SETUP.engine });
      const watch = await ThreadWatch.open();
      const pool = await serveDescriptorPool(options, {
        maxWorkers: 2,
        memory: NO_MEMORY,
        watch,
        onNote: () => {},
        areCpusShort: () => false,
        idleTimeoutMs: 300,
      });
      await using one = sampled(pool, watch);
      const { sample } = one;
      const lanes = async () => (await sample()).threads.slice(1).map(({ isAlive }) => isAlive);
      assert.deepEqual(await lanes(), [true]);
      const conns = await Promise.all(Array.from({ length: 12 }, () => connect(pool.port)));
      await until(async () => (await sample()).connections.ids.length === conns.length);
      await Promise.all(conns.map((conn) => writeAll(conn, REQUEST)));
      let most = 0;
      let others = 0;
      const answered = Promise.all(
        conns.map((conn) => readResponse(conn, new Uint8Array(1024))),
      );
      await until(async () => {
        const { queue, threads } = await sample();
        others = queue!.waiting;
        most = Math.max(most, others);
        return threads.filter(({ state }) => state === "blocked").length === 2;
      }, "both Workers are blocked");
      assert.ok(most >= 8 && most <= 12, `${most} wait`);
      assert.ok(others <= 10, `${others} wait beside the two in work`);
      assert.deepEqual(await lanes(), [true, true]);
      await answered;
      await until(async () => (await lanes()).filter((isAlive) => isAlive).length === 1);
      assert.equal((await sample()).threads.length, 3, "its place stays");
      for (const conn of conns) conn.close();
    }, "Sampler: a pool's Workers come and go"),
});
