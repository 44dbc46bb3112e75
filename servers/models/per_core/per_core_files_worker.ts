/** Worker entry of model `per-core` with `--dir`. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { runServer } from "./run_server.ts";

runWork({ runServer: (data, context) => runServer(data, context, makeDirectory) });
