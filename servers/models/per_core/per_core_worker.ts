/** Worker entry of model `per-core`. */
import { runWork } from "../../workqueue/run_work.ts";
import { runServer } from "./run_server.ts";

runWork({ runServer });
