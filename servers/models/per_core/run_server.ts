/**
 * The work function of model `per-core`: a whole server.
 */
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { createService, type MakeDirectory } from "../create_service.ts";
import type { WorkContext } from "../../workqueue/run_work.ts";
import type {
  CpuServerCommand,
  CpuServerData,
  CpuServerMessage,
  CpuServerResult,
} from "./messages.ts";
import { createServerCore, startThreadServer, type ThreadServerParts } from "../thread_server.ts";

/** What the server of a Worker is made of. */
export function serverParts(
  { options, memory, counts, index }: CpuServerData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): ThreadServerParts {
  const core = createServerCore(options, memory.keptBytes);
  const { print } = context;
  const compressors = context.port;
  const parts = { print, makeDirectory, compressors, memory };
  const service = createService(core, options.service, parts);
  const limit = new ConnectionLimit(counts, index, options.maxConnections);
  return { core, service, limit, print };
}

/** Serves until it is told to stop. @throws the system's error when it cannot listen */
export async function runServer(
  data: CpuServerData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): Promise<CpuServerResult> {
  const post = (message: CpuServerMessage) => context.post(message);
  const { engine, acceptor, renew } = startThreadServer(data.options, {
    ...serverParts(data, context, makeDirectory),
    endSockets: (port, peers) => post({ kind: "overdue", port, peers }),
  });
  post({ kind: "listening", address: engine.address });
  return await new Promise<CpuServerResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as CpuServerCommand;
      if (command.kind === "report") {
        return post({ kind: "report", report: { counters: acceptor.counters } });
      }
      if (command.kind === "renew") {
        try {
          renew(command.certificate);
          return post({ kind: "renewed" });
        } catch (error) {
          return post({ kind: "renewed", failure: String(error) });
        }
      }
      acceptor.stop(command.graceMs)
        .then((cut) => resolve({ counters: acceptor.counters, cut }), reject);
    });
  });
}
