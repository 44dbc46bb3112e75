/** Worker entry of model `shared-pool` with `--dir` and a Linux engine. */
import { makeDirectory } from "../make_directory.ts";
import { runWork } from "../../workqueue/run_work.ts";
import { type PoolInit, type PoolWorker, serveReady, setUpPoolWorker } from "./pool_item.ts";

runWork<PoolWorker, PoolInit>({ serveReady }, {
  setUp: (init, _facts, outlets) => setUpPoolWorker(init, outlets, makeDirectory),
});
