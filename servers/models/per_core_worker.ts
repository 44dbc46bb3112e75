/** Worker entry of model `per-core`. */
import { serveWork } from "../workqueue/serve_work.ts";
import { serve } from "./per_core_item.ts";

serveWork({ serve });
