/** Worker entry of model `shared-pool`. */
import { serveWork } from "../workqueue/serve_work.ts";
import type { PoolInit } from "./messages.ts";
import { setUpPooled } from "./pooled.ts";
import { receive } from "./shared_pool_item.ts";

serveWork({ receive }, { setUp: (init: PoolInit) => setUpPooled(init) });
