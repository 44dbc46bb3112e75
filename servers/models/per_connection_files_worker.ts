/** Worker entry of model `per-connection` with `--dir`. */
import { makeDirectory } from "./make_directory.ts";
import { serveWork } from "../workqueue/serve_work.ts";
import { type Pooled, setUpPooled } from "./pooled.ts";
import type { PoolInit } from "./messages.ts";
import { connection } from "./per_connection_item.ts";

serveWork<Pooled, PoolInit>({ connection }, {
  setUp: (init, _facts, outlets) => setUpPooled(init, { ...outlets, makeDirectory }),
});
