/** A Worker of model `per-core` that crashes, with an engine whose descriptors do not close themselves. */
import assert from "node:assert/strict";
import { CpuServer } from "../../../../servers/models/per_core/cpu_server.ts";
import { OwnedLoop } from "../../../../servers/models/per_core/loop_thread.ts";
import { allAnswered, reportShares } from "../../../../servers/models/per_core/report_cell.ts";
import { withDefaults } from "../../../../servers/models/options.ts";
import { NO_MEMORY } from "../../../../servers/models/memory_budget.ts";
import {
  allocWorkqueue,
  destroyWorkqueue,
  WorkerPools,
} from "../../../../servers/workqueue/mod.ts";
import { connect, readFull, writeAll } from "../../../../tools/soak/client.ts";
import type { EngineOptions } from "../../../../servers/net/engine_options.ts";
import type { PassedSocket } from "../../../../servers/net/listen_options.ts";
import { close, listenTcp } from "../../../../system/linux/socket.ts";
import { freePort } from "../../../../system/address.ts";
import { forEachSetup, LINUX_SETUPS } from "../../../support/setups.ts";
import { until } from "../../../support/until.ts";

async function echoOnce(conn: Deno.Conn): Promise<void> {
  const message = new TextEncoder().encode("echo");
  const back = new Uint8Array(message.length);
  await writeAll(conn, message);
  await readFull(conn, back);
  assert.deepEqual(back, message);
}

/** Sockets of this process that listen at `port`, as the kernel sees them. */
function listeners(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n");
  return lines.filter((line) => line.includes(`:${hex} 00000000:0000 0A`)).length;
}

/** A listening socket of somebody else. */
function passedSocket(): PassedSocket {
  const { fd, port } = listenTcp({ hostname: "127.0.0.1", port: 0 });
  return { fd, port, address: `127.0.0.1:${port}` };
}

forEachSetup(LINUX_SETUPS, ({ label, engine }) => {
  for (const kind of ["its own", "a passed one"]) {
    const name =
      `${label}: after a crash its descriptors are closed, and the socket, ${kind}, serves`;
    Deno.test(name, () => crash(engine, kind === "its own" ? undefined : passedSocket()));
  }
});

async function crash(engine: Partial<EngineOptions>, passed?: PassedSocket): Promise<void> {
  const port = passed?.port ?? freePort();
  const options = withDefaults({
    service: { kind: "echo", bufferBytes: 64, verbose: false },
    engine,
    listen: passed === undefined ? { port } : { passed: [passed] },
    maxConnections: 10,
  });
  const pools = new WorkerPools({
    entry: new URL("./crashing_worker.ts", import.meta.url),
    permissions: "inherit",
    cpus: 1,
    cpuIntensiveThreshUs: Infinity,
  });
  const queue = allocWorkqueue("crash", { pools, maxActive: 1 });
  const counts = new Int32Array(new SharedArrayBuffer(4));
  const [report] = reportShares(1, 10);
  const loop = new OwnedLoop();
  const crashes: string[] = [];
  const server = new CpuServer(
    { options, memory: NO_MEMORY, counts, index: 0, report, loop: loop.share },
    {
      queue,
      loop,
      onCrash: (reason) => crashes.push(reason),
      onOverdue: () => {},
      onFailed: (error) => assert.fail(error),
    },
  );
  await server.start();
  using lost = await connect(port);
  await echoOnce(lost);
  assert.equal(Atomics.load(counts, 0), 1);
  server.ask(0);
  // It crashes in a turn of the runtime.
  loop.wake();
  await allAnswered(report, Infinity);
  await until(() => crashes.length === 1);
  assert.match(crashes[0], /crashes as asked/);
  assert.equal(await lost.read(new Uint8Array(1)).catch(() => null), null, "it is closed");
  // Without SO_REUSEPORT the port would stay taken by a descriptor that nobody closes.
  await until(async () => {
    try {
      using conn = await connect(port);
      await echoOnce(conn);
      return true;
    } catch (error) {
      assert.ok(error instanceof Error);
      return false;
    }
  });
  assert.equal(listeners(port), 1);
  const { cut, counters } = await server.stop(5000);
  assert.deepEqual([cut, counters.connections], [0, 1]);
  await destroyWorkqueue(queue);
  loop.close();
  assert.equal(listeners(port), passed === undefined ? 0 : 1);
  if (passed !== undefined) close(passed.fd);
}
