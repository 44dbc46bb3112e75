/**
 * A Worker of the pool whose service does what it is sent, for tests:
 *
 * - `b` and a digit: blocks the thread for so many tenths of a second, and echoes it
 * - `c`: crashes while it has the connection
 * - anything else is echoed
 */
import type { Service } from "../../../../servers/net/service.ts";
import {
  type PoolInit,
  type PoolWorker,
  serveReady,
  setUpPoolWorker,
} from "../../../../servers/models/shared_pool/pool_item.ts";
import { runWork } from "../../../../servers/workqueue/run_work.ts";

/** A word that nobody changes. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

runWork<PoolWorker, PoolInit>({ serveReady }, {
  setUp: (init, _facts, outlets) => {
    const worker = setUpPoolWorker(init, outlets);
    return { ...worker, service: obeying(worker) };
  },
});

function obeying({ core, service }: PoolWorker): Service {
  const { receive } = service;
  service.receive = (conn) => {
    const pending = core.pending(conn);
    const [order, digit] = pending === 0
      ? ""
      : core.latin1(core.inputStart(conn) - pending, pending);
    if (order === "c") {
      Promise.reject(new Error("told to"));
      return new Promise(() => {});
    }
    if (order === "b") {
      Atomics.wait(NEVER, 0, 0, Number(digit) * 100);
    }
    return receive.call(service, conn);
  };
  return service;
}
