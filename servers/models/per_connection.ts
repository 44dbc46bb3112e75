/**
 * Model `per-connection`: a Worker is created for each connection and ends with it, as the first
 * khttpd had a kthread for each. At most `maxActive` at once; further connections wait.
 *
 * The Worker runs the whole driver of the connection; each read and write is a message to the
 * owner of the socket and back, as a system call is for a thread.
 */
import type { Core } from "../../core/mod.ts";
import { type Counters, sumCounters, zeroCounters } from "../connection.ts";
import { ConnectionLimit } from "../connection_limit.ts";
import type { Accepted, Listener } from "../engine.ts";
import { denoEngine } from "../engines/deno.ts";
import { AcceptLoop } from "../accept_loop.ts";
import { settledWithin } from "../grace.ts";
import { createProtocol } from "../create_service.ts";
import type { Service } from "../service.ts";
import type { ServerOptions } from "../options.ts";
import {
  allocWorkqueue,
  cancelWork,
  destroyWorkqueue,
  killWork,
  queueWork,
  sendToWork,
  Work,
  WorkerPools,
  type Workqueue,
  WQ_UNBOUND,
} from "../workqueue/mod.ts";
import type { ConnectionCommand, ConnectionData, PoolInit, StreamRequest } from "./messages.ts";
import { failureOf, type RunningServer, type ThreadReport } from "./model.ts";
import { poolPermissions } from "./permissions.ts";
import { closeQuietly, serveStreamRequest } from "./remote_stream.ts";
import { createServerCore, reportInternalError } from "./single.ts";

/** The connections of a server, each with its item. */
class ConnectionPool {
  counters: Counters = zeroCounters();
  readonly #core: Core;
  readonly #queue: Workqueue;
  readonly #timeouts: ServerOptions["timeouts"];
  readonly #limit: ConnectionLimit;
  readonly #protocol: Service;
  readonly #works = new Set<Work<ConnectionData, Counters>>();
  readonly #ends = new Map<Work<ConnectionData, Counters>, () => void>();
  onEnd: () => void = () => {};

  constructor(
    core: Core,
    { queue, timeouts, limit, protocol }: {
      queue: Workqueue;
      timeouts: ServerOptions["timeouts"];
      limit: ConnectionLimit;
      /** For what is logged of connections. */
      protocol: Service;
    },
  ) {
    this.#protocol = protocol;
    this.#core = core;
    this.#queue = queue;
    this.#timeouts = timeouts;
    this.#limit = limit;
  }

  get size(): number {
    return this.#works.size;
  }

  add({ stream, peer }: Accepted): void {
    const conn = this.#core.open();
    if (conn === 0) {
      stream.close();
      return;
    }
    this.#limit.opened();
    this.#protocol.clientsChanged?.(++this.counters.open, peer, true);
    const end = (counted: Counters) => {
      closeQuietly(stream);
      this.#core.close(conn);
      this.#works.delete(work);
      this.#ends.delete(work);
      this.counters = sumCounters([this.counters, counted]);
      this.#protocol.clientsChanged?.(--this.counters.open, peer, false);
      this.#limit.closed();
      this.onEnd();
    };
    const work: Work<ConnectionData, Counters> = new Work(
      "connection",
      { conn, peer, timeouts: this.#timeouts },
      {
        onResult: end,
        onError: (error) => {
          reportInternalError(error);
          end({ ...zeroCounters(), connections: 1, resets: 1 });
        },
        onMessage: (message) =>
          serveStreamRequest(message as StreamRequest, {
            stream,
            bytes: this.#core.bytes,
            reply: (reply) => sendToWork(work, reply satisfies ConnectionCommand),
          }),
      },
    );
    this.#works.add(work);
    this.#ends.set(work, () => end(zeroCounters()));
    queueWork(this.#queue, work);
  }

  /** Connections that wait for a Worker are closed; the others finish what they do. */
  drain(): void {
    for (const work of this.#works) {
      if (cancelWork(work)) this.#ends.get(work)!();
      else sendToWork(work, { kind: "drain" } satisfies ConnectionCommand);
    }
  }

  abort(): void {
    for (const work of this.#works) {
      if (cancelWork(work)) this.#ends.get(work)!();
      else killWork(work, "the time to finish is over");
    }
  }
}

/** Starts a server. @throws the system's error when the address cannot be bound */
export function servePerConnection(
  options: ServerOptions,
  { maxActive }: { maxActive: number },
): RunningServer {
  const { core, capacity } = createServerCore(options);
  const listener: Listener = denoEngine.listen(options.listen);
  const pools = new WorkerPools({
    entry: new URL("./worker.ts", import.meta.url),
    permissions: poolPermissions(options),
    init: { share: core.share, service: options.service } satisfies PoolInit,
    reuse: false,
    minIdle: 0,
  });
  const queue = allocWorkqueue("ktcp_per_connection", { flags: WQ_UNBOUND, maxActive, pools });
  const limit = ConnectionLimit.alone(Math.min(options.maxConnections, capacity));
  const connections = new ConnectionPool(core, {
    queue,
    timeouts: options.timeouts,
    limit,
    protocol: createProtocol(core, options.service),
  });
  const loop = new AcceptLoop(listener, limit, (accepted) => connections.add(accepted));
  connections.onEnd = () => loop.wake();
  return {
    address: listener.address,
    port: listener.port,
    failed: failureOf(loop.done),
    reports: () =>
      Promise.resolve([
        { name: "main", counters: { ...connections.counters } },
        ...pools.stats.map((work): ThreadReport => ({ name: work.name, work })),
      ]),
    stop: async (graceMs) => {
      loop.stop();
      connections.drain();
      const empty = new Promise<void>((resolve) => {
        connections.onEnd = () => connections.size === 0 && resolve();
        connections.onEnd();
      });
      await settledWithin(empty, graceMs);
      const cut = connections.size;
      connections.abort();
      await destroyWorkqueue(queue);
      return cut;
    },
  };
}
