/** Worker entry of model `per-core`. */
import { serveWork } from "../../workqueue/serve_work.ts";
import { runServer } from "./run_server.ts";

serveWork({ runServer });
