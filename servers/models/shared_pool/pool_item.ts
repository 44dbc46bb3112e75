/**
 * The work function of model `shared-pool` with a Linux engine: one item is the life of a Worker,
 * in which it serves the sockets that become ready.
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
  /** A Worker that has been idle for this time ends, unless it is the last one. */
  idleTimeoutMs: number;
  /** Most Workers, without the rescuer. */
  maxWorkers: number;
}

/**
 * The thread index of the Worker `name`: its unique place in the statistics; the queue's rescuer
 * comes after all others.
 */
export function threadIndex(name: string, maxWorkers: number): number {
  const place = /^kworker\/u:(\d+)/.exec(name);
  return place === null ? maxWorkers : Number(place[1]);
}

/** What a Worker sends to its owner: plain data. */
export type PoolMessage =
  /** The Worker serves as thread `index`. */
  | { kind: "ready"; index: number }
  /** Sockets are ready while the owner has stopped checking whether threads are busy. */
  | { kind: "busy" }
  /** The listening socket has failed. */
  | { kind: "failed"; reason: string };

/** The item's `context.init`. */
export interface PoolWorker {
  init: PoolInit;
  core: Core;
  service: Service;
}

/** Makes it from what the owner sent. */
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

/** Serves ready sockets until the server ends or the Worker has been idle for too long. */
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
