/** The work function of model `per-core` with an engine that blocks its thread: a whole server. */
import type { MakeDirectory } from "../create_service.ts";
import type { WorkContext } from "../../workqueue/run_work.ts";
import { OpenDescriptors } from "../../net/engines/linux/open_descriptors.ts";
import { startLoopServer } from "../loop_server.ts";
import type {
  CpuServerCommand,
  CpuServerData,
  CpuServerMessage,
  CpuServerResult,
} from "./messages.ts";
import { ReportCell } from "./report_cell.ts";
import { reporter, serverParts } from "./run_server.ts";

/** Serves until it is told to stop. @throws the system's error when it cannot listen, or go on */
export async function runLoopServer(
  data: CpuServerData,
  context: WorkContext<unknown>,
  makeDirectory?: MakeDirectory,
): Promise<CpuServerResult> {
  const parts = serverParts(data, context, makeDirectory);
  const { engine, acceptor } = startLoopServer(data.options, parts, data.loop!);
  const { loop } = engine;
  const report = reporter(acceptor, data, engine.counts);
  const cell = new ReportCell(data.report);
  loop.onWoken = () => cell.answer(report);
  const post = (message: CpuServerMessage) => context.post(message);
  let failure: unknown;
  let cut = 0;
  acceptor.done.catch((error) => {
    failure = error;
    loop.stop();
  });
  context.onMessage((message) => {
    loop.messageHandled();
    const command = message as CpuServerCommand;
    // Its engine speaks no TLS.
    if (command.kind === "renew") return;
    loop.holdFor(acceptor.stop(command.graceMs)).then((count) => {
      cut = count;
      loop.stop();
    });
  });
  let isLost = false;
  context.onCrash = () => {
    isLost = true;
    // Another turn would find the numbers of what is closed here, which are others' by then.
    loop.stop();
    new OpenDescriptors(data.loop!.descriptors).closeAll();
  };
  post({ kind: "listening", address: engine.address });
  try {
    await loop.run();
  } finally {
    if (!isLost) engine.close();
  }
  if (failure !== undefined) throw failure;
  return { ...report(0), cut };
}
