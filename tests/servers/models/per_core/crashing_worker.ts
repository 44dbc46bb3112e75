/** A Worker of model `per-core` on a Linux engine, which crashes when it is asked for a report. */
import { runLoopServer } from "../../../../servers/models/per_core/run_loop_server.ts";
import type { CpuServerData } from "../../../../servers/models/per_core/messages.ts";
import { ReportCell } from "../../../../servers/models/per_core/report_cell.ts";
import { runWork, type WorkContext } from "../../../../servers/workqueue/run_work.ts";

async function crashWhenAsked({ report }: CpuServerData): Promise<never> {
  await new ReportCell(report).asked();
  throw new Error("crashes as asked");
}

runWork({
  runServer: (data: CpuServerData, context: WorkContext<unknown>) => {
    crashWhenAsked(data);
    return runLoopServer(data, context);
  },
});
