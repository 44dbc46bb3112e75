/**
 * Model `per-core`: a Worker on each CPU with a listener of its own on the same port, between
 * which the kernel spreads the connections (SO_REUSEPORT). Nothing is shared but the count of
 * connections: locality, as kecho with `bench=1` and a bound workqueue has it.
 *
 * Each Worker runs one long item of a bound queue, `runServer`. When it crashes, its connections are
 * lost, and the item is queued again on the same CPU.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import { allocWorkqueue, destroyWorkqueue, WorkerPools } from "../../workqueue/mod.ts";
import { loadAllCalls } from "../../../system/linux/libc.ts";
import { stderr } from "../../../system/stderr.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { blocksThread } from "../../net/engine_options.ts";
import { CpuServer } from "./cpu_server.ts";
import type { OwnedLoop } from "./loop_thread.ts";
import { allAnswered, reportShares } from "./report_cell.ts";
import { COUNTED, failureOf, MAX_LISTED, type RunningServer } from "../running_server.ts";
import type { ThreadSample } from "../server_sample.ts";
import { type ThreadWatch, watchedWorkers } from "../thread_watch.ts";
import { workerPermissions } from "../permissions.ts";

/** The options that Workers listen with, and what keeps the address until they do. */
interface TakenAddress {
  options: ServerOptions;
  hold?: Deno.TcpListener;
}

/**
 * Takes a TCP address. Binding it is the check whether it is free, and is done without SO_REUSEPORT:
 * with the option, another server on the same port would go unnoticed. The option is set afterwards,
 * so that the Workers can listen there, too. As long as one of them does, the address cannot be
 * bound without the option.
 *
 * @param sockets absent: the one Worker's own listener is the check
 * @throws the system's error when the address cannot be bound
 */
function takeAddress(options: ServerOptions, sockets: OwnSockets | undefined): TakenAddress {
  const { listen } = options;
  if (listen.passed !== undefined) {
    return { options: { ...options, listen: { ...listen, port: listen.passed[0].port } } };
  }
  if (listen.path !== undefined || sockets === undefined && listen.port !== 0) return { options };
  // Short: what connects before the Workers listen shall try again and not wait here.
  const hold = Deno.listen({ hostname: listen.hostname, port: listen.port, tcpBacklog: 0 });
  const found = { ...listen, port: hold.addr.port };
  if (sockets === undefined) {
    hold.close();
    return { options: { ...options, listen: found } };
  }
  try {
    sockets.allowReusePort(`${hold.addr.hostname}:${hold.addr.port}`);
  } catch (error) {
    hold.close();
    throw error;
  }
  return { options: { ...options, listen: { ...found, reusePort: true } }, hold };
}

/** The options of Worker `index`: passed sockets are dealt out, so that each has a Worker. */
function optionsOf(index: number, options: ServerOptions): ServerOptions {
  const { listen } = options;
  if (listen.passed === undefined) return options;
  const passed = [listen.passed[index % listen.passed.length]];
  return { ...options, listen: { ...listen, passed } };
}

/** The Worker's module. Each loads only what it needs. */
function workerEntry({ service, engine }: ServerOptions): URL {
  if (blocksThread(engine)) {
    return servesFiles(service)
      ? new URL("./loop_files_worker.ts", import.meta.url)
      : new URL("./loop_worker.ts", import.meta.url);
  }
  return servesFiles(service)
    ? new URL("./per_core_files_worker.ts", import.meta.url)
    : new URL("./per_core_worker.ts", import.meta.url);
}

/** Where a Worker could not be created. */
const GONE = { state: null, isAlive: false };

/** Settings of the model. */
export interface PerCoreOptions {
  workers: number;
  /** The sockets of this process; needed for more than one Worker. */
  sockets?: OwnSockets;
  compressors?: CompressorPool;
  /** What each Worker may keep. */
  memory: ThreadMemory;
  /** Absent: nobody wants to know what threads do. */
  watch?: ThreadWatch;
  onNote: (note: string) => void;
}

/**
 * Starts a server on `workers` Workers.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function servePerCore(
  wanted: ServerOptions,
  { workers, sockets, compressors, memory, watch, onNote }: PerCoreOptions,
): Promise<RunningServer> {
  const { options, hold } = takeAddress(wanted, sockets);
  const isLoop = blocksThread(options.engine);
  const loops: OwnedLoop[] = [];
  if (isLoop) {
    const { OwnedLoop } = await import("./loop_thread.ts");
    for (let i = 0; i < workers; ++i) loops.push(new OwnedLoop());
  }
  const pools = new WorkerPools({
    connect: compressors && ((port) => compressors.serve(port)),
    entry: workerEntry(options),
    threadOf: watch?.threadOf,
    permissions: workerPermissions(options),
    onPrint: (lines) => stderr.log(lines),
    cpus: workers,
    // A server's item runs as long as the server: it is never too long.
    cpuIntensiveThreshUs: Infinity,
  });
  const queue = allocWorkqueue("ktcp_per_core", { pools, maxActive: 1 });
  const counts = new Int32Array(new SharedArrayBuffer(4 * workers));
  const shares = reportShares(workers, Math.ceil(MAX_LISTED / workers));
  const failure = Promise.withResolvers<void>();
  const onCrash = (reason: string) =>
    onNote(`a Worker crashed and is replaced; its connections are lost: ${reason}`);
  const servers = Array.from(
    { length: workers },
    (_, index) =>
      new CpuServer({
        options: optionsOf(index, options),
        memory,
        counts,
        index,
        report: shares[index],
        loop: loops[index]?.share,
      }, {
        queue,
        loop: loops[index],
        onCrash,
        onOverdue: (port, peers) => sockets?.shutdown(port, peers),
        onFailed: failure.reject,
      }),
  );
  const stop = async (graceMs: number) => {
    const compressorsEnded = compressors?.stop();
    const results = await Promise.all(servers.map((server) => server.stop(graceMs)));
    await Promise.all([destroyWorkqueue(queue), compressorsEnded]);
    for (const loop of loops.splice(0)) loop.close();
    return results.reduce((sum, { cut }) => sum + cut, 0);
  };
  try {
    const listening = Promise.all(servers.map((server) => server.start()));
    // While the Workers load, this thread has nothing else to do.
    await Promise.resolve().then(loadAllCalls);
    const [address] = await listening;
    return {
      address,
      port: options.listen.path === undefined ? options.listen.port : 0,
      failed: failureOf(failure.promise),
      renew: async (certificate) => {
        await Promise.all(servers.map((server) => server.renew(certificate)));
      },
      observe: async ({ patienceMs, maxConnections } = COUNTED) => {
        // Before they are asked: whoever answers is busy with that.
        const { places } = pools;
        const watched = watchedWorkers(watch, places, () => false);
        const each = Math.ceil(maxConnections / workers);
        for (const server of servers) server.ask(each);
        await allAnswered(shares[0], patienceMs);
        const reports = servers.map(({ lastReport }) => lastReport);
        return {
          threads: reports.map(({ counters, calls }, i): ThreadSample => ({
            name: `kworker/${i}:0`,
            ...(watched[places.findIndex(({ stats }) => stats.cpu === i)] ?? GONE),
            counters,
            calls,
          })),
          queue: null,
          connections: reports.map(({ connections }) => connections),
          costUs: reports.reduce((sum, { costUs }) => sum + costUs, 0),
        };
      },
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  } finally {
    hold?.close();
  }
}
