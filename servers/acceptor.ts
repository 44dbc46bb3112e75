/**
 * Accepts connections and serves each with a driver on this thread.
 */
import { AcceptLoop } from "./accept_loop.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import type { ConnectionLimit } from "./connection_limit.ts";
import type { Accepted, Listener } from "./engine.ts";
import { settledWithin } from "./grace.ts";

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
  constructor(context: ConnectionContext, listener: Listener, options: AcceptorOptions) {
    this.#context = context;
    this.#options = options;
    this.#loop = new AcceptLoop(listener, options.limit, (accepted) => this.#serve(accepted));
  }

  /** Resolves when accepting has ended; rejects when it failed for good. */
  get done(): Promise<void> {
    return this.#loop.done;
  }

  #serve({ stream, peer }: Accepted): void {
    const conn = this.#context.core.open();
    if (conn === 0) {
      stream.close();
      return;
    }
    const connection = new Connection(this.#context, stream, conn, peer);
    this.#connections.add(connection);
    connection.run().catch(this.#options.onInternalError).then(() => {
      this.#connections.delete(connection);
      this.#loop.wake();
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
  }

  /**
   * Stops accepting, closes idle connections at once and lets the others finish what they do.
   *
   * @param graceMs after this they are closed too
   * @returns how many had to be
   */
  async stop(graceMs: number): Promise<number> {
    this.#loop.stop();
    this.#context.service.drain?.();
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) return 0;
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    await settledWithin(empty, graceMs);
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.close();
    if (cut > 0) await empty;
    return cut;
  }
}
