/**
 * Model `single`: everything on one event loop, no Worker. What `user-echo-server` does with one
 * thread and epoll.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { createService } from "../create_service.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { stderr } from "../../../system/stderr.ts";
import { failureOf, type RunningServer } from "../running_server.ts";
import { createServerCore, startThreadServer } from "../thread_server.ts";

/** Starts a server on this thread. @throws the system's error when the address cannot be bound */
export async function serveSingle(
  options: ServerOptions,
  { sockets, compressors, memory }: {
    sockets?: OwnSockets;
    compressors?: CompressorPool;
    memory: ThreadMemory;
  },
): Promise<RunningServer> {
  const core = createServerCore(options, memory.keptBytes);
  const parts = servesFiles(options.service) ? await import("../make_directory.ts") : {};
  const print = (lines: string) => stderr.log(lines);
  const service = createService(core, options.service, { print, ...parts, compressors, memory });
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
    reports: () => Promise.resolve([{ name: "main", counters: acceptor.counters }]),
    stop: async (graceMs) => {
      const compressorsEnded = compressors?.stop();
      const cut = await acceptor.stop(graceMs);
      await compressorsEnded;
      return cut;
    },
  };
}
