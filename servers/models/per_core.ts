/**
 * Model `per-core`: a Worker on each core with a listener of its own on the same port, between
 * which the kernel spreads the connections (SO_REUSEPORT). Nothing is shared but the count of
 * connections: locality, as kecho with `bench=1` and a bound workqueue has it.
 *
 * Each Worker runs one long item of a bound queue, `serve`. When it crashes, its connections are
 * lost, and the item is queued again on the same core.
 */
import type { Listener } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import { allocWorkqueue, destroyWorkqueue, WorkerPools } from "../workqueue/mod.ts";
import { stderr } from "../stderr.ts";
import { CoreServer } from "./core_server.ts";
import { failureOf, type RunningServer, type ThreadReport } from "./model.ts";
import { workerPermissions } from "./permissions.ts";

/**
 * Finds out whether the address is free, before Workers listen there: with SO_REUSEPORT another
 * server on the same port would go unnoticed.
 *
 * @returns the options with the port that was chosen, and what holds it until the Workers are up
 * @throws the system's error when the address cannot be bound
 */
function takeAddress(options: ServerOptions): { options: ServerOptions; placeholder?: Listener } {
  const { listen } = options;
  if (listen.path !== undefined) return { options };
  const shared = { ...listen, reusePort: true };
  if (listen.port !== 0) {
    denoEngine.listen(listen).close();
    return { options: { ...options, listen: shared } };
  }
  // Nobody knows the port yet: no connection is lost with the placeholder.
  const placeholder = denoEngine.listen(shared);
  return { options: { ...options, listen: { ...shared, port: placeholder.port } }, placeholder };
}

/**
 * Starts a server on `workers` Workers.
 *
 * @throws the system's error when the address cannot be bound
 */
export async function servePerCore(
  wanted: ServerOptions,
  { workers, onNote }: { workers: number; onNote: (note: string) => void },
): Promise<RunningServer> {
  const { options, placeholder } = takeAddress(wanted);
  const pools = new WorkerPools({
    entry: servesFiles(options.service)
      ? new URL("./per_core_files_worker.ts", import.meta.url)
      : new URL("./per_core_worker.ts", import.meta.url),
    permissions: workerPermissions(options),
    onPrint: (lines) => stderr.log(lines),
    cpus: workers,
    // A server's item runs as long as the server: it is never too long.
    cpuIntensiveThreshUs: Infinity,
  });
  const queue = allocWorkqueue("ktcp_per_core", { pools, maxActive: 1 });
  const counts = new Int32Array(new SharedArrayBuffer(4 * workers));
  const failure = Promise.withResolvers<void>();
  const onCrash = (reason: string) =>
    onNote(`a Worker crashed and is replaced; its connections are lost: ${reason}`);
  const servers = Array.from(
    { length: workers },
    (_, index) =>
      new CoreServer({ options, counts, index }, { queue, onCrash, onFailed: failure.reject }),
  );
  const stop = async (graceMs: number) => {
    const results = await Promise.all(servers.map((server) => server.stop(graceMs)));
    await destroyWorkqueue(queue);
    return results.reduce((sum, { cut }) => sum + cut, 0);
  };
  try {
    const [address] = await Promise.all(servers.map((server) => server.start()));
    return {
      address,
      port: options.listen.path === undefined ? options.listen.port : 0,
      failed: failureOf(failure.promise),
      reports: async () => {
        const counters = await Promise.all(servers.map((server) => server.report()));
        return counters.map((one, i): ThreadReport => ({ name: `kworker/${i}:0`, counters: one }));
      },
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  } finally {
    placeholder?.close();
  }
}
