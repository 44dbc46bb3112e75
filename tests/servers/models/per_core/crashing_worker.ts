/** A Worker of model `per-core` on a Linux engine, which crashes when it is asked for a report. */
import { runLoopServer } from "../../../../servers/models/per_core/run_loop_server.ts";
import type {
  CpuServerCommand,
  CpuServerData,
} from "../../../../servers/models/per_core/messages.ts";
import { runWork, type WorkContext } from "../../../../servers/workqueue/run_work.ts";

runWork({
  runServer: (data: CpuServerData, context: WorkContext<unknown>) => {
    const listen = context.onMessage.bind(context);
    context.onMessage = (receive) =>
      listen((message) => {
        if ((message as CpuServerCommand).kind === "observe") throw new Error("crashes as asked");
        receive(message);
      });
    return runLoopServer(data, context);
  },
});
