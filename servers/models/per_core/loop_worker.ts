/** Worker entry of model `per-core` with an engine that blocks its thread. */
import { runWork } from "../../workqueue/run_work.ts";
import { runLoopServer } from "./run_loop_server.ts";

runWork({ runServer: runLoopServer });
