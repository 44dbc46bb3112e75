/** Worker entry of model `shared-pool` with `--dir`. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { createWorkerService, type WorkerService } from "../shared_memory/worker_service.ts";
import type { WorkerServiceInit } from "../shared_memory/messages.ts";
import { receive } from "./receive_item.ts";

runWork<WorkerService, WorkerServiceInit>({ receive }, {
  setUp: (init, _facts, outlets) => createWorkerService(init, { ...outlets, makeDirectory }),
});
