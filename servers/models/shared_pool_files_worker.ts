/** Worker entry of model `shared-pool` with `--dir`. */
import { makeDirectory } from "./make_directory.ts";
import { serveWork } from "../workqueue/serve_work.ts";
import { type Pooled, setUpPooled } from "./pooled.ts";
import type { PoolInit } from "./messages.ts";
import { receive } from "./shared_pool_item.ts";

serveWork<Pooled, PoolInit>({ receive }, {
  setUp: (init, _facts, outlets) => setUpPooled(init, { ...outlets, makeDirectory }),
});
