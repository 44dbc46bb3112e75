/**
 * The work function of model `per-core`: a whole server.
 */
import { ConnectionLimit } from "../net/connection_limit.ts";
import { createService, type MakeDirectory } from "./create_service.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ServeCommand, ServeData, ServeMessage, ServeResult } from "./messages.ts";
import { createServerCore, startServing } from "./serving.ts";

/** Serves until it is told to stop. @throws the system's error when it cannot listen */
export async function serve(
  { options, memory, counts, index }: ServeData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): Promise<ServeResult> {
  const core = createServerCore(options, memory.keptBytes);
  const { print } = context;
  const service = createService(core, options.service, {
    print,
    makeDirectory,
    compressors: context.port,
    memory,
  });
  const limit = new ConnectionLimit(counts, index, options.maxConnections);
  const { listener, acceptor } = startServing(options, {
    core,
    service,
    limit,
    print,
    endSockets: (port, peers) =>
      context.post({ kind: "overdue", port, peers } satisfies ServeMessage),
  });
  context.post({ kind: "listening", address: listener.address } satisfies ServeMessage);
  return await new Promise<ServeResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as ServeCommand;
      if (command.kind === "report") {
        context.post({ kind: "report", counters: acceptor.counters } satisfies ServeMessage);
        return;
      }
      acceptor.stop(command.graceMs)
        .then((cut) => resolve({ counters: acceptor.counters, cut }), reject);
    });
  });
}
