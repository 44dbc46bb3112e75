/**
 * Accepts connections and serves each with a driver on this thread.
 */
import { AcceptLoop } from "./accept_loop.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Counters } from "./counters.ts";
import { drainConnections } from "./drain.ts";
import type { Accepted, Listener } from "./stream.ts";

/** Settings of an acceptor. */
export interface AcceptorOptions {
  limit: ConnectionLimit;
  /** Told of errors that are neither the peer's nor the user's: they are bugs. */
  onInternalError: (error: unknown) => void;
}

/** An accept loop and the connections it has accepted. */
export class Acceptor {
  readonly #context: ConnectionContext;
  readonly #options: AcceptorOptions;
  readonly #connections = new Set<Connection>();
  readonly #loop: AcceptLoop;
  #onEmpty: (() => void) | undefined;

  /** Starts to accept. */
  constructor(
    context: Omit<ConnectionContext, "limit" | "onEnd">,
    listener: Listener,
    options: AcceptorOptions,
  ) {
    this.#context = {
      ...context,
      limit: options.limit,
      onEnd: (connection, fault) => this.#ended(connection, fault),
    };
    this.#options = options;
    this.#loop = new AcceptLoop(listener, options.limit, (accepted) => this.#serve(accepted));
  }

  /** Resolves when accepting has ended; rejects when it cannot go on. */
  get done(): Promise<void> {
    return this.#loop.done;
  }

  /** What the connections counted, those that are open included. */
  get counters(): Counters {
    const { core, counters } = this.#context;
    let { served } = counters;
    for (const { conn } of this.#connections) served += core.served(conn);
    return { ...counters, served };
  }

  #serve({ stream, peer }: Accepted): void {
    const conn = this.#context.core.open();
    if (conn === 0) {
      // Each connection within the limit has a block: this one is beyond the limit.
      ++this.#context.counters.overloads;
      stream.close();
      return;
    }
    const connection = new Connection(this.#context, stream, conn, peer);
    this.#connections.add(connection);
    connection.serve();
  }

  #ended(connection: Connection, fault: unknown): void {
    this.#context.core.close(connection.conn);
    this.#connections.delete(connection);
    this.#loop.wake();
    if (this.#connections.size === 0) this.#onEmpty?.();
    if (fault !== undefined) this.#options.onInternalError(fault);
  }

  /**
   * Stops accepting, ends idle connections at once and lets the others finish.
   *
   * @param graceMs after this they are closed too
   * @returns how many were cut off: they had not sent all that they had to
   */
  async stop(graceMs: number): Promise<number> {
    this.#loop.stop();
    this.#context.service.drain?.();
    // The address is free once the pending accept has ended.
    await this.#loop.done.catch(() => {});
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    if (this.#connections.size === 0) return 0;
    if (await drainConnections(this.#connections, empty, graceMs)) return 0;
    let cut = 0;
    for (const connection of this.#connections) {
      if (!connection.isLingering) ++cut;
      connection.close();
    }
    await empty;
    return cut;
  }
}
