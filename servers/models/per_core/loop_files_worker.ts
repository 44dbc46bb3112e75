/** Worker entry of model `per-core` with `--dir` and an engine that blocks its thread. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { runLoopServer } from "./run_loop_server.ts";

runWork({ runServer: (data, context) => runLoopServer(data, context, makeDirectory) });
