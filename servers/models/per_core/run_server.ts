/**
 * The work function of model `per-core`: a whole server.
 */
import { ConnectionLimit } from "../../net/connection_limit.ts";
import { createService, type MakeDirectory } from "../create_service.ts";
import type { WorkContext } from "../../workqueue/run_work.ts";
import type { Acceptor } from "../../net/acceptor.ts";
import type { CallCounts } from "../../net/engines/linux/call_counts.ts";
import type {
  CpuServerCommand,
  CpuServerData,
  CpuServerMessage,
  CpuServerResult,
} from "./messages.ts";
import { ReportCell, type ServerReport } from "./report_cell.ts";
import { createServerCore, startThreadServer, type ThreadServerParts } from "../thread_server.ts";

/** What the server of a Worker is made of. */
export function serverParts(
  { options, memory, counts, index }: CpuServerData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): ThreadServerParts {
  const core = createServerCore(options, memory.keptBytes);
  const { print, noteBlocked } = context;
  const compressors = context.port;
  const parts = { print, makeDirectory, compressors, memory, noteBlocked };
  const service = createService(core, options.service, parts);
  const limit = new ConnectionLimit(counts, index, options.maxConnections);
  return { core, service, limit, print };
}

/** Makes reports of one Worker's server. */
export function reporter(
  acceptor: Acceptor,
  { index, counts }: CpuServerData,
  calls?: CallCounts,
): (maxConnections: number) => ServerReport {
  let costUs = 0;
  return (maxConnections) => {
    const startMs = performance.now();
    const { counters } = acceptor;
    const connections = acceptor.list(maxConnections, { lists: counts.length, index });
    costUs += (performance.now() - startMs) * 1000;
    return { counters, calls, connections, costUs };
  };
}

/** Answers as long as the Worker lives. */
async function answerAlways(
  cell: ReportCell,
  report: (maxConnections: number) => ServerReport,
): Promise<never> {
  for (;;) {
    await cell.asked();
    cell.answer(report);
  }
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
  const report = reporter(acceptor, data);
  answerAlways(new ReportCell(data.report), report);
  post({ kind: "listening", address: engine.address });
  return await new Promise<CpuServerResult>((resolve, reject) => {
    acceptor.done.catch(reject);
    context.onMessage((message) => {
      const command = message as CpuServerCommand;
      if (command.kind === "renew") {
        try {
          renew(command.certificate);
          return post({ kind: "renewed" });
        } catch (error) {
          return post({ kind: "renewed", failure: String(error) });
        }
      }
      acceptor.stop(command.graceMs)
        .then((cut) => resolve({ ...report(0), cut }), reject);
    });
  });
}
