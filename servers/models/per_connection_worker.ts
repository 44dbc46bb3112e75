/** Worker entry of model `per-connection`. */
import { serveWork } from "../workqueue/serve_work.ts";
import type { PoolInit } from "./messages.ts";
import { setUpPooled } from "./pooled.ts";
import { connection } from "./per_connection_item.ts";

serveWork({ connection }, { setUp: (init: PoolInit) => setUpPooled(init) });
