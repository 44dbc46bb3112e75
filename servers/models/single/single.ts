/**
 * Model `single`: everything on one event loop, without Workers, as `user-echo-server` does with
 * one thread and epoll.
 */
import type { CompressorPool } from "../../files/compression/compressor_pool.ts";
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { createService } from "../create_service.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { type ServerOptions, servesFiles } from "../options.ts";
import type { OwnSockets } from "../../../system/sockets/own_sockets.ts";
import { stderr } from "../../../system/stderr.ts";
import { COUNTED, failureOf, type RunningServer } from "../running_server.ts";
import { type ThreadWatch, watchedOwner } from "../thread_watch.ts";
import { createServerCore, startThreadServer } from "../thread_server.ts";

/** Starts a server on this thread. @throws the system's error when the address cannot be bound */
export async function serveSingle(
  options: ServerOptions,
  { sockets, compressors, memory, watch }: {
    sockets?: OwnSockets;
    compressors?: CompressorPool;
    memory: ThreadMemory;
    /** Absent: this thread is not watched. */
    watch?: ThreadWatch;
  },
): Promise<RunningServer> {
  const core = createServerCore(options, memory.keptBytes);
  const parts = servesFiles(options.service) ? await import("../make_directory.ts") : {};
  const print = (lines: string) => stderr.log(lines);
  const service = createService(core, options.service, {
    print,
    ...parts,
    compressors,
    memory,
    noteBlocked: watch?.noteBlocked,
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
        threads: [{
          name: "main",
          ...watchedOwner(watch),
          counters: acceptor.counters,
        }],
        queue: null,
        connections: [acceptor.list(maxConnections)],
        costUs: 0,
      }),
    stop: async (graceMs) => {
      const compressorsEnded = compressors?.stop();
      const cut = await acceptor.stop(graceMs);
      await compressorsEnded;
      return cut;
    },
  };
}
