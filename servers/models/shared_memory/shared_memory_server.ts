/**
 * What `shared-pool` and `per-connection` have in common: one acceptor does all socket I/O into a
 * shared memory, and Workers of a queue, which have no socket, handle what is received there.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { createProtocol } from "../create_service.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import type { Service } from "../../net/service.ts";
import { stderr } from "../../../system/stderr.ts";
import {
  allocWorkqueue,
  destroyWorkqueue,
  type WorkerOptions,
  WorkerPools,
  type Workqueue,
} from "../../workqueue/mod.ts";
import { NO_MEMORY, type ThreadMemory } from "../memory_budget.ts";
import type { WorkerServiceInit } from "./messages.ts";
import { queueSample, workSamples } from "../pool_settings.ts";
import { type SleepsInWork, type ThreadWatch, watchedOwner } from "../thread_watch.ts";
import { COUNTED, failureOf, type RunningServer } from "../running_server.ts";
import { socketlessPermissions } from "../permissions.ts";
import { type RemoteConnection, RemoteService } from "./remote_service.ts";
import { createServerCore, startThreadServer } from "../thread_server.ts";

/** How connections find their Workers. */
export interface SharedMemoryModel {
  /** Name of the queue. */
  name: string;
  /** Most items that are worked on at once. */
  maxActive: number;
  /** Of the queue: `WQ_…`. */
  wqFlags: number;
  /** The sockets of this process, if they can be reached. */
  sockets?: OwnSockets;
  /** Options of the Workers: their entry, and when they are created and ended. */
  workers: Pick<WorkerOptions, "entry" | "cpus" | "maxWorkers" | "minIdle" | "reuse">;
  compressors?: CompressorPool;
  /** Memory for each Worker's caches. */
  memory: ThreadMemory;
  /** Absent: threads are not watched. */
  watch?: ThreadWatch;
  sleepsInWork: SleepsInWork;
  /** Connects the connection `conn` to Workers. */
  open(
    queue: Workqueue,
    connection: { conn: number; peer: string; protocol: Service },
  ): RemoteConnection;
}

/** Starts a server. @throws the system's error when the address cannot be bound */
export async function serveOverSharedMemory(
  options: ServerOptions,
  model: SharedMemoryModel,
): Promise<RunningServer> {
  const { name, maxActive, wqFlags, sockets, workers, compressors, memory } = model;
  const { watch, sleepsInWork, open } = model;
  const core = createServerCore(options, NO_MEMORY.keptBytes);
  const print = (lines: string) => stderr.log(lines);
  const parts = servesFiles(options.service) ? await import("../make_directory.ts") : {};
  const pools = new WorkerPools({
    ...workers,
    threadOf: watch?.threadOf,
    connect: compressors && ((port) => compressors.serve(port)),
    permissions: socketlessPermissions(options),
    onPrint: print,
    init: { share: core.share, service: options.service, memory } satisfies WorkerServiceInit,
  });
  const queue = allocWorkqueue(name, { flags: wqFlags, maxActive, pools });
  const protocol = createProtocol(core, options.service, { print, ...parts });
  const service = new RemoteService(protocol, {
    open: (conn, peer) => open(queue, { conn, peer, protocol }),
    // The same time that a client has for a head.
    patienceMs: options.timeouts.headMs,
  });
  const limit = ConnectionLimit.alone(options.maxConnections);
  const { engine, acceptor, renew } = startThreadServer(options, {
    core,
    service,
    limit,
    print,
    endSockets: (port, peers) => sockets?.shutdown(port, peers),
  });
  return {
    address: engine.address,
    port: engine.port,
    failed: failureOf(acceptor.done),
    renew: (certificate) => Promise.resolve(renew(certificate)),
    observe: ({ maxConnections } = COUNTED) =>
      Promise.resolve({
        threads: [
          { name: "main", ...watchedOwner(watch), counters: acceptor.counters },
          ...workSamples(queue, watch, sleepsInWork),
        ],
        queue: queueSample(queue),
        connections: [acceptor.list(maxConnections)],
        costUs: 0,
      }),
    stop: async (graceMs) => {
      const compressorsEnded = compressors?.stop();
      const cut = await acceptor.stop(graceMs);
      await Promise.all([destroyWorkqueue(queue), compressorsEnded]);
      return cut;
    },
  };
}
