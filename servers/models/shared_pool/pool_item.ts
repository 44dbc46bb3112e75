/**
 * The work function of model `shared-pool` with a Linux engine: one item is the life of a Worker, in
 * which it deals with whatever sockets become ready.
 */
import { Core, type CoreShare } from "../../../core/mod.ts";
import type { Timeouts } from "../../net/connection.ts";
import type { PoolShare } from "../../net/engines/linux/pool/pool_control.ts";
import { PoolThread } from "../../net/engines/linux/pool/pool_thread.ts";
import type { SendOptions } from "../../net/send_options.ts";
import type { Service } from "../../net/service.ts";
import type { WorkContext, WorkerOutlets } from "../../workqueue/run_work.ts";
import { createService, type MakeDirectory } from "../create_service.ts";
import type { ThreadMemory } from "../memory_budget.ts";
import { type ServiceOptions, TICK_MS } from "../options.ts";
import { internalErrors } from "../thread_server.ts";

/** What Workers are started with. */
export interface PoolInit {
  share: CoreShare;
  pool: PoolShare;
  service: ServiceOptions;
  memory: ThreadMemory;
  timeouts: Timeouts;
  sending: SendOptions;
  maxConnections: number;
  /** A Worker that had nothing to do for so long ends, unless it is the last one. */
  idleTimeoutMs: number;
  /** Workers that there may be besides the rescuer. */
  maxWorkers: number;
}

/**
 * The number of the thread that the Worker `name` is: its place in the statistics, which no other
 * one has; behind all of those for the queue's rescuer.
 */
export function threadIndex(name: string, maxWorkers: number): number {
  const place = /^kworker\/u:(\d+)/.exec(name);
  return place === null ? maxWorkers : Number(place[1]);
}

/** What a Worker tells its owner: plain data. */
export type PoolMessage =
  /** It serves as thread `index`. */
  | { kind: "ready"; index: number }
  /** There is something to do, and nobody looks whether threads are busy. */
  | { kind: "busy" }
  /** The listening socket cannot be used any more. */
  | { kind: "failed"; reason: string };

/** What the item finds as `context.init`. */
export interface PoolWorker {
  init: PoolInit;
  core: Core;
  service: Service;
}

/** Makes it of what the owner sent. */
export function setUpPoolWorker(
  init: PoolInit,
  { print, port }: WorkerOutlets,
  makeDirectory?: MakeDirectory,
): PoolWorker {
  const core = Core.attach(init.share);
  const parts = { print, makeDirectory, compressors: port, memory: init.memory };
  const service = createService(core, init.service, { ...parts, pool: "thread" });
  return { init, core, service };
}

/** Deals with sockets that are ready, until the server ends or there is nothing to do for long. */
export async function serveReady(_data: null, context: WorkContext<PoolWorker>): Promise<void> {
  const { init, core, service } = context.init;
  const { pool, timeouts, sending, maxConnections, idleTimeoutMs } = init;
  const post = (message: PoolMessage) => context.post(message);
  const index = threadIndex(context.worker.name, init.maxWorkers);
  const onInternalError = internalErrors(context.print);
  const onTick = { tickMs: TICK_MS, onInternalError };
  const parts = { core, service, timeouts, sending, maxConnections, ...onTick };
  const thread = new PoolThread(pool, parts, {
    index,
    idleTimeoutMs,
    onBusy: () => post({ kind: "busy" }),
    onFailed: ({ message }) => post({ kind: "failed", reason: message }),
  });
  post({ kind: "ready", index });
  try {
    await thread.loop.run();
  } finally {
    thread.close();
  }
}
