/**
 * Model `per-connection`: a Worker is created for each connection and ends with it, as the original
 * khttpd had a kthread for each. There are at most `maxActive` at once; further connections wait.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { workersPerPool } from "../pool_settings.ts";
import type { RunningServer } from "../running_server.ts";
import type { ThreadWatch } from "../thread_watch.ts";
import { serveOverSharedMemory } from "../shared_memory/shared_memory_server.ts";
import { ThreadConnection } from "./thread_connection.ts";

/** Starts a server. @throws the system's error when the address cannot be bound */
export function servePerConnection(
  options: ServerOptions,
  { maxActive, wqFlags, sockets, compressors, memory, watch }: {
    maxActive: number;
    wqFlags: number;
    sockets?: OwnSockets;
    compressors?: CompressorPool;
    memory: ThreadMemory;
    watch?: ThreadWatch;
  },
): Promise<RunningServer> {
  const entry = servesFiles(options.service)
    ? new URL("./per_connection_files_worker.ts", import.meta.url)
    : new URL("./per_connection_worker.ts", import.meta.url);
  return serveOverSharedMemory(options, {
    name: "ktcp_per_connection",
    maxActive,
    wqFlags,
    sockets,
    workers: { entry, ...workersPerPool(maxActive, wqFlags), reuse: false, minIdle: 0 },
    compressors,
    memory,
    watch,
    // An item that sleeps waits for the peer's next message.
    sleepsInWork: ({ hasItem }) => hasItem,
    open: (queue, connection) => new ThreadConnection(queue, connection),
  });
}
