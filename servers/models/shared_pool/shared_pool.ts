/**
 * Model `shared-pool`: every chunk that is received is a work item of an unbound queue, which any
 * idle Worker takes. Workers are created on demand, up to `maxActive`, and reaped when idle: as in
 * kecho with `WQ_UNBOUND`, and khttpd on CMWQ.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import { ItemConnection } from "./item_connection.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { workersPerPool } from "../pool_settings.ts";
import type { RunningServer } from "../running_server.ts";
import type { ThreadWatch } from "../thread_watch.ts";
import { serveOverSharedMemory } from "../shared_memory/shared_memory_server.ts";

/** Starts a server. @throws the system's error when the address cannot be bound */
export function serveSharedPool(
  options: ServerOptions,
  { maxActive, wqFlags, maxWorkers, sockets, compressors, memory, watch }: {
    maxActive: number;
    wqFlags: number;
    maxWorkers: number;
    sockets?: OwnSockets;
    compressors?: CompressorPool;
    memory: ThreadMemory;
    watch?: ThreadWatch;
  },
): Promise<RunningServer> {
  const entry = servesFiles(options.service)
    ? new URL("./shared_pool_files_worker.ts", import.meta.url)
    : new URL("./shared_pool_worker.ts", import.meta.url);
  return serveOverSharedMemory(options, {
    name: "ktcp_shared_pool",
    maxActive,
    wqFlags,
    sockets,
    workers: { entry, ...workersPerPool(maxWorkers, wqFlags) },
    compressors,
    memory,
    watch,
    // An item that sleeps waits for a disk.
    sleepsInWork: ({ isAsleep }) => isAsleep,
    open: (queue, connection) => new ItemConnection(queue, connection),
  });
}
