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
import { createServerCore, startThreadServer } from "../thread_server.ts";

/** Serves until it is told to stop. @throws the system's error when it cannot listen */
export async function runServer(
  { options, memory, counts, index }: CpuServerData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): Promise<CpuServerResult> {
  const core = createServerCore(options, memory.keptBytes);
  const { print } = context;
  const service = createService(core, options.service, {
    print,
    makeDirectory,
    compressors: context.port,
    memory,
  });
  const limit = new ConnectionLimit(counts, index, options.maxConnections);
  const { engine, acceptor } = startThreadServer(options, {
    core,
    service,
    limit,
    print,
    endSockets: (port, peers) =>
      context.post({ kind: "overdue", port, peers } satisfies CpuServerMessage),
  });
  context.post({ kind: "listening", address: engine.address } satisfies CpuServerMessage);
  return await new Promise<CpuServerResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as CpuServerCommand;
      if (command.kind === "report") {
        context.post({ kind: "report", counters: acceptor.counters } satisfies CpuServerMessage);
        return;
      }
      acceptor.stop(command.graceMs)
        .then((cut) => resolve({ counters: acceptor.counters, cut }), reject);
    });
  });
}
