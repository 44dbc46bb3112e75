/**
 * Accepts connections and serves each with a driver of its own, within a limit.
 *
 * At the limit, and when the process is out of file descriptors, accepting pauses: what comes
 * waits in the kernel's accept queue. It goes on when a connection ends.
 */
import type { ConnectionContext } from "./connection.ts";
import { Connection } from "./connection.ts";
import type { Accepted, Listener } from "./engine.ts";

/** After this many ms accepting is tried again when nobody's end made room. */
const RETRY_MS = 100;

/** Settings of an acceptor. */
export interface AcceptorOptions {
  /** Open connections at the most. */
  maxConnections: number;
  /** Told of errors that are neither the peer's nor the user's: they are bugs. */
  onInternalError: (error: unknown) => void;
}

/** An accept loop and the connections it has accepted. */
export class Acceptor {
  readonly #context: ConnectionContext;
  readonly #listener: Listener;
  readonly #options: AcceptorOptions;
  readonly #connections = new Set<Connection>();
  #stopped = false;
  /** Resolves when a connection ends; set while accepting pauses. */
  #wake: (() => void) | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(context: ConnectionContext, listener: Listener, options: AcceptorOptions) {
    this.#context = context;
    this.#listener = listener;
    this.#options = options;
  }

  /** Open connections. */
  get size(): number {
    return this.#connections.size;
  }

  /** Accepts until `stop`. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#connections.size >= this.#options.maxConnections) {
        await this.#pause();
        continue;
      }
      let accepted: Accepted;
      try {
        accepted = await this.#listener.accept();
      } catch (error) {
        if (this.#stopped) return;
        // A client that is gone before it was accepted: the next one is waiting.
        if (isClientGone(error)) continue;
        if (isOutOfDescriptors(error)) {
          await this.#pause();
          continue;
        }
        throw error;
      }
      this.#serve(accepted);
    }
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
      this.#wake?.();
      if (this.#connections.size === 0) this.#whenEmpty?.();
    });
  }

  /** Waits until a connection ends, or a while. */
  async #pause(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, RETRY_MS);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /**
   * Stops accepting, closes idle connections at once and lets the others finish what they do.
   *
   * @param graceMs after this they are closed too
   * @returns how many had to be
   */
  async stop(graceMs: number): Promise<number> {
    this.#stopped = true;
    this.#listener.close();
    this.#wake?.();
    this.#context.service.drain?.();
    const empty = new Promise<void>((resolve) => this.#whenEmpty = resolve);
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size === 0) return 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, graceMs));
    await Promise.race([empty, late]);
    clearTimeout(timer);
    const cut = this.#connections.size;
    for (const connection of this.#connections) connection.close();
    if (cut > 0) await empty;
    return cut;
  }
}

function isClientGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

/** EMFILE, ENFILE, ENOBUFS, ENOMEM: Deno gives them no class of their own. */
function isOutOfDescriptors(error: unknown): boolean {
  return error instanceof Error && /os error (23|24|105|12)\b/.test(error.message);
}
