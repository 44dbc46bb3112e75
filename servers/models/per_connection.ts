/**
 * Model `per-connection`: a Worker is created for each connection and ends with it, as the first
 * khttpd had a kthread for each. At most `maxActive` at once; further connections wait.
 *
 * The Worker runs the whole driver of the connection; each read and write is a message to the
 * owner of the socket and back, as a system call is for a thread.
 */
import { AcceptLoop } from "../accept_loop.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import { createProtocol } from "../create_service.ts";
import type { Listener } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import { allocWorkqueue, destroyWorkqueue, WorkerPools, WQ_UNBOUND } from "../workqueue/mod.ts";
import { ConnectionPool } from "./connection_pool.ts";
import type { PoolInit } from "./messages.ts";
import { failureOf, type RunningServer, type ThreadReport } from "./model.ts";
import { poolPermissions } from "./permissions.ts";
import { createServerCore } from "./serving.ts";

/** Starts a server. @throws the system's error when the address cannot be bound */
export function servePerConnection(
  options: ServerOptions,
  { maxActive }: { maxActive: number },
): RunningServer {
  const core = createServerCore(options);
  const listener: Listener = denoEngine.listen(options.listen);
  const pools = new WorkerPools({
    entry: servesFiles(options.service)
      ? new URL("./per_connection_files_worker.ts", import.meta.url)
      : new URL("./per_connection_worker.ts", import.meta.url),
    permissions: poolPermissions(options),
    init: { share: core.share, service: options.service } satisfies PoolInit,
    reuse: false,
    minIdle: 0,
  });
  const queue = allocWorkqueue("ktcp_per_connection", { flags: WQ_UNBOUND, maxActive, pools });
  const limit = ConnectionLimit.alone(options.maxConnections);
  const connections = new ConnectionPool({
    core,
    queue,
    timeouts: options.timeouts,
    limit,
    protocol: createProtocol(core, options.service),
    onEnd: () => loop.wake(),
  });
  const loop = new AcceptLoop(listener, limit, (accepted) => connections.add(accepted));
  return {
    address: listener.address,
    port: listener.port,
    failed: failureOf(loop.done),
    reports: () =>
      Promise.resolve([
        { name: "main", counters: connections.counters },
        ...pools.stats.map((work): ThreadReport => ({ name: work.name, work })),
      ]),
    stop: async (graceMs) => {
      loop.stop();
      const cut = await connections.stop(graceMs);
      await destroyWorkqueue(queue);
      return cut;
    },
  };
}
