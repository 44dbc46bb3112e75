/** Worker entry of model `per-core` with `--dir`. */
import { makeDirectory } from "./make_directory.ts";
import { serveWork } from "../workqueue/serve_work.ts";
import { serve } from "./per_core_item.ts";

serveWork({ serve: (data, context) => serve(data, context, makeDirectory) });
