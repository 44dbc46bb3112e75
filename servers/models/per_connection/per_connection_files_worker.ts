/** Worker entry of model `per-connection` with `--dir`. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { createWorkerService, type WorkerService } from "../shared_memory/worker_service.ts";
import type { WorkerServiceInit } from "../shared_memory/messages.ts";
import { connection } from "./connection_item.ts";

runWork<WorkerService, WorkerServiceInit>({ connection }, {
  setUp: (init, _facts, outlets) => createWorkerService(init, { ...outlets, makeDirectory }),
});
