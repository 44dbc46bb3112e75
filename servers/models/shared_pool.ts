/**
 * Model `shared-pool`: one acceptor does all socket I/O into a shared memory; every chunk received
 * is a work item of an unbound queue, which any idle Worker takes. Workers are created on demand,
 * up to `maxActive`, and reaped when idle: kecho with `WQ_UNBOUND`, khttpd on CMWQ.
 */
import { ConnectionLimit } from "../connection_limit.ts";
import { createProtocol } from "../create_service.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import { allocWorkqueue, destroyWorkqueue, WorkerPools, WQ_UNBOUND } from "../workqueue/mod.ts";
import { failureOf, type RunningServer, type ThreadReport } from "./model.ts";
import { poolPermissions } from "./permissions.ts";
import type { PoolInit } from "./messages.ts";
import { RemoteService } from "./remote_service.ts";
import { createServerCore, startServing } from "./serving.ts";

/** Starts a server. @throws the system's error when the address cannot be bound */
export function serveSharedPool(
  options: ServerOptions,
  { maxActive, maxWorkers }: { maxActive: number; maxWorkers: number },
): RunningServer {
  const core = createServerCore(options);
  const pools = new WorkerPools({
    entry: servesFiles(options.service)
      ? new URL("./shared_pool_files_worker.ts", import.meta.url)
      : new URL("./shared_pool_worker.ts", import.meta.url),
    permissions: poolPermissions(options),
    init: { share: core.share, service: options.service } satisfies PoolInit,
    maxWorkers,
  });
  const queue = allocWorkqueue("ktcp_shared_pool", { flags: WQ_UNBOUND, maxActive, pools });
  const service = new RemoteService(queue, createProtocol(core, options.service));
  const limit = ConnectionLimit.alone(options.maxConnections);
  const { listener, acceptor } = startServing(options, { core, service, limit });
  return {
    address: listener.address,
    port: listener.port,
    failed: failureOf(acceptor.done),
    reports: () =>
      Promise.resolve([
        { name: "main", counters: acceptor.counters },
        ...pools.stats.map((work): ThreadReport => ({ name: work.name, work })),
      ]),
    stop: async (graceMs) => {
      const cut = await acceptor.stop(graceMs);
      await destroyWorkqueue(queue);
      return cut;
    },
  };
}
