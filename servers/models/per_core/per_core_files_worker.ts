/** Worker entry of model `per-core` with `--dir`. */
import { makeDirectory } from "../make_directory.ts";
import { serveWork } from "../../workqueue/serve_work.ts";
import { runServer } from "./run_server.ts";

serveWork({ runServer: (data, context) => runServer(data, context, makeDirectory) });
