/**
 * The owner's side of model `per-connection`: the connections, each with its socket, its block of
 * memory and the item that serves it.
 */
import type { Core } from "../../core/mod.ts";
import type { ConnectionLimit } from "../connection_limit.ts";
import { type Counters, zeroCounters } from "../counters.ts";
import { type Drainable, drainConnections } from "../drain.ts";
import type { Accepted } from "../engine.ts";
import type { ServerOptions } from "../options.ts";
import type { Service } from "../service.ts";
import {
  cancelWork,
  killWork,
  queueWork,
  sendToWork,
  Work,
  type WorkError,
  type Workqueue,
} from "../workqueue/mod.ts";
import type { ConnectionCommand, ConnectionData, StreamRequest } from "./messages.ts";
import { EagerStream } from "./eager_stream.ts";
import { serveStreamRequest } from "./remote_stream.ts";
import { reportInternalError } from "./serving.ts";

/** What all connections of the pool have in common. */
export interface ConnectionPoolOptions {
  core: Core;
  queue: Workqueue;
  timeouts: ServerOptions["timeouts"];
  limit: ConnectionLimit;
  /** For what is logged of connections. */
  protocol: Service;
  /** A connection has ended. */
  onEnd: () => void;
}

/** One connection. */
class PooledConnection implements Drainable {
  readonly conn: number;
  readonly peer: string;
  readonly work: Work<ConnectionData, Counters>;
  readonly #stream: EagerStream;
  readonly #onEnd: (connection: PooledConnection, counted: Counters) => void;

  constructor(
    { stream, peer }: Accepted,
    { core, timeouts }: ConnectionPoolOptions,
    { conn, counters, onEnd }: {
      conn: number;
      counters: Counters;
      onEnd: (connection: PooledConnection, counted: Counters) => void;
    },
  ) {
    this.conn = conn;
    this.peer = peer;
    this.#onEnd = onEnd;
    this.#stream = new EagerStream(stream, core.inputView(conn), counters);
    this.work = new Work("connection", { conn, peer, timeouts }, {
      onResult: (counted) => this.#end(counted),
      onError: (error) => this.#failed(error),
      onMessage: (message) =>
        serveStreamRequest(message as StreamRequest, {
          stream: this.#stream,
          bytes: core.bytes,
          reply: (reply) => sendToWork(this.work, reply satisfies ConnectionCommand),
        }),
    });
  }

  /** From now on it is to end with what is in progress. */
  drain(): void {
    sendToWork(this.work, { kind: "drain" } satisfies ConnectionCommand);
  }

  closeIfIdle(): void {
    if (!this.#stream.isReceiving) return;
    if (cancelWork(this.work)) this.#end(zeroCounters());
    else sendToWork(this.work, { kind: "close-if-idle" } satisfies ConnectionCommand);
  }

  /** Ends it now. */
  abort(): void {
    this.#stream.close();
    if (cancelWork(this.work)) this.#end(zeroCounters());
    else killWork(this.work, "the time to finish is over");
  }

  #failed(error: WorkError): void {
    // That a Worker is killed when its time is over is no fault, and is counted by who did it.
    const isCut = this.#stream.isClosed;
    if (!isCut) reportInternalError(error.message);
    this.#end({ ...zeroCounters(), resets: isCut ? 0 : 1 });
  }

  #end(counted: Counters): void {
    this.#stream.close();
    this.#onEnd(this, counted);
  }
}

/** The connections of a server. */
export class ConnectionPool {
  readonly #counters = zeroCounters();
  readonly #options: ConnectionPoolOptions;
  readonly #connections = new Set<PooledConnection>();
  #onEmpty: (() => void) | undefined;

  constructor(options: ConnectionPoolOptions) {
    this.#options = options;
  }

  /** What the connections counted, those that are open included. */
  get counters(): Counters {
    let { served } = this.#counters;
    for (const { conn } of this.#connections) served += this.#options.core.served(conn);
    return { ...this.#counters, served };
  }

  /** Lets a Worker of its own serve a connection. */
  add(accepted: Accepted): void {
    const { core, queue, limit, protocol } = this.#options;
    const conn = core.open();
    if (conn === 0) {
      ++this.#counters.overloads;
      accepted.stream.close();
      return;
    }
    const onEnd = (connection: PooledConnection, counted: Counters) =>
      this.#ended(connection, counted);
    const connection = new PooledConnection(accepted, this.#options, {
      conn,
      counters: this.#counters,
      onEnd,
    });
    this.#connections.add(connection);
    ++this.#counters.connections;
    limit.opened();
    protocol.clientsChanged?.(++this.#counters.open, accepted.peer, true);
    queueWork(queue, connection.work);
  }

  #ended(connection: PooledConnection, counted: Counters): void {
    const { core, limit, protocol, onEnd } = this.#options;
    const counters = this.#counters;
    // The rest was counted here while it happened.
    counters.served += core.served(connection.conn);
    counters.resets += counted.resets;
    counters.timeouts += counted.timeouts;
    counters.overloads += counted.overloads;
    core.close(connection.conn);
    this.#connections.delete(connection);
    protocol.clientsChanged?.(--this.#counters.open, connection.peer, false);
    limit.closed();
    onEnd();
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /**
   * Closes idle connections at once and lets the others finish what they do.
   *
   * @param graceMs after this they are closed too
   * @returns how many had to be
   */
  async stop(graceMs: number): Promise<number> {
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    if (this.#connections.size === 0) return 0;
    for (const connection of this.#connections) connection.drain();
    if (await drainConnections(this.#connections, empty, graceMs)) return 0;
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.abort();
    return cut;
  }
}
