/** The flags of the queue that the pool models have. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { type Model, type RunningServer, serve, sharesMemory } from "../../../servers/mod.ts";
import { workersPerPool } from "../../../servers/models/pool_settings.ts";
import {
  WQ_CPU_INTENSIVE,
  WQ_FLAGS,
  WQ_FREEZABLE,
  WQ_HIGHPRI,
  WQ_MEM_RECLAIM,
  WQ_UNBOUND,
} from "../../../servers/workqueue/mod.ts";
import { connect, readFull, writeAll } from "../../../tools/soak/client.ts";
import {
  forEachSetup,
  POOL_SETUP,
  serverOptions,
  type Setup,
  SETUPS,
} from "../../support/setups.ts";
import { until } from "../../support/until.ts";

const CPUS = navigator.hardwareConcurrency;
const NORMAL = WQ_UNBOUND | WQ_MEM_RECLAIM;

for (
  const { name, maxWorkers, flags, expected } of [
    { name: "unbound", maxWorkers: 7, flags: NORMAL, expected: { maxWorkers: 7 } },
    {
      name: "a pool a core",
      maxWorkers: 7 * CPUS,
      flags: 0,
      expected: { cpus: CPUS, maxWorkers: 7 },
    },
    { name: "a rest", maxWorkers: 4 * CPUS - 1, flags: 0, expected: { cpus: CPUS, maxWorkers: 3 } },
    {
      name: "fewer than cores",
      maxWorkers: 1,
      flags: WQ_HIGHPRI,
      expected: { cpus: 1, maxWorkers: 1 },
    },
  ]
) {
  // On a machine with one core, `4 * CPUS - 1` is 3 as well.
  Deno.test(`workersPerPool(): ${name}`, () => {
    assert.deepEqual(workersPerPool(maxWorkers, flags), expected);
  });
}

interface Case {
  flags: number;
  /** Names of the Workers. */
  workers: RegExp;
}

const CASES: Readonly<Record<string, Case>> = {
  "a bound queue": { flags: 0, workers: /^kworker\/\d+:\d+$/ },
  unbound: { flags: WQ_UNBOUND, workers: /^kworker\/u:\d+$/ },
  highpri: { flags: WQ_HIGHPRI, workers: /^kworker\/\d+:\d+H$/ },
  "unbound highpri": { flags: WQ_UNBOUND | WQ_HIGHPRI, workers: /^kworker\/u:\d+H$/ },
  cpu_intensive: { flags: WQ_CPU_INTENSIVE, workers: /^kworker\/\d+:\d+$/ },
  "unbound mem_reclaim": {
    flags: WQ_UNBOUND | WQ_MEM_RECLAIM,
    workers: /^kworker\/(u:\d+|R-ktcp_\w+)$/,
  },
  "all but unbound": {
    flags: WQ_FREEZABLE | WQ_HIGHPRI | WQ_CPU_INTENSIVE | WQ_MEM_RECLAIM,
    workers: /^kworker\/(\d+:\d+H|R-ktcp_\w+)$/,
  },
};

const GET = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
const CONNECTIONS = 2;
const ROUNDS = 4;

forEachSetup(SETUPS.filter(({ model }) => sharesMemory(model)), (setup) => {
  for (const [name, { flags, workers }] of Object.entries(CASES)) {
    if (setup.label === POOL_SETUP.label && (flags & WQ_UNBOUND) === 0) {
      Deno.test(`${setup.label}: does not serve with ${name}`, async () => {
        await assert.rejects(start(setup, flags), TypeError);
      });
      continue;
    }
    Deno.test(`${setup.label}: serves with ${name}, and names its Workers so`, async () => {
      const server = await start(setup, flags);
      try {
        await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
          using conn = await connect(server.port);
          for (let i = 0; i < ROUNDS; ++i) {
            await writeAll(conn, GET);
            const answer = new Uint8Array(15);
            await readFull(conn, answer);
            assert.equal(new TextDecoder().decode(answer), "HTTP/1.1 200 OK");
            await discard(conn);
          }
        }));
        // A Worker tells what it has done behind its last answer.
        const items = isPerConnection(setup.model) ? CONNECTIONS : CONNECTIONS * ROUNDS;
        const works = async () =>
          (await server.observe()).threads.flatMap(({ work }) => work ?? []);
        await until(async () => sum(await works()) >= items, "all items");
        for (const { name, crashes } of await works()) {
          assert.match(name, workers);
          assert.equal(crashes, 0);
        }
        const hasRescuer = (await works()).some(({ name }) => name.includes("/R-"));
        assert.equal(hasRescuer, (flags & WQ_MEM_RECLAIM) !== 0);
      } finally {
        assert.equal(await server.stop(5000), 0);
      }
    });
  }
});

function start(setup: Setup, wqFlags: number): Promise<RunningServer> {
  return serve({
    ...serverOptions(setup),
    service: { kind: "http", content: "hello", limits: DEFAULT_LIMITS },
    wqFlags,
  });
}

function isPerConnection(model: Model): boolean {
  return model === "per-connection";
}

function sum(works: readonly { items: number }[]): number {
  return works.reduce((sum, { items }) => sum + items, 0);
}

/** Reads the rest of an answer to `GET`. */
async function discard(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (let text = ""; !text.includes("Hello World!");) {
    const count = await conn.read(buffer);
    assert.notEqual(count, null);
    text += new TextDecoder().decode(buffer.subarray(0, count!));
  }
}

Deno.test("WQ_FLAGS: each flag has one bit, and the kernel's name", () => {
  assert.deepEqual(WQ_FLAGS, {
    unbound: WQ_UNBOUND,
    freezable: WQ_FREEZABLE,
    mem_reclaim: WQ_MEM_RECLAIM,
    highpri: WQ_HIGHPRI,
    cpu_intensive: WQ_CPU_INTENSIVE,
  });
});
