/**
 * The owner's end of a service that runs in Workers, over one shared memory.
 *
 * It is a `Service`: what is received on a connection is told to a Worker with the address of the
 * connection's block. The bytes stay where they are: the Worker runs its own instance of the
 * service on that block, and answers with the effect; output stands in the block's chain, which
 * the owner sends.
 *
 * Waiting for a peer is no work: an answer whose content is too large for the output is handed over
 * as plain data, and the owner's instance of the service sends it while the Worker does other work.
 *
 * Meanwhile the owner leaves the block alone, and in between no Worker touches it, so a block
 * never belongs to two threads.
 */
import { Effect, Phase, type Sender, type Service } from "../../net/service.ts";
import type { Outcome, Received } from "./messages.ts";

/** A connection's way to a Worker: how this is found makes the model. */
export interface RemoteConnection {
  /** Lets a Worker deal with what was received. */
  receive(received: Received): Effect | Promise<Outcome>;
  /** What was received need not be dealt with, if no Worker has begun. */
  abort(): void;
  /** The connection ends. */
  close(): void;
}

/** The owner's end. */
export class RemoteService implements Service {
  /** This thread's instance: for phases, timeouts, and answers that are handed over. */
  readonly #protocol: Service;
  readonly #open: (conn: number, peer: string) => RemoteConnection;
  readonly #connections = new Map<number, RemoteConnection>();
  #isDraining = false;

  constructor(protocol: Service, open: (conn: number, peer: string) => RemoteConnection) {
    this.#protocol = protocol;
    this.#open = open;
  }

  opened(conn: number, peer: string): void {
    this.#protocol.opened?.(conn, peer);
    this.#connections.set(conn, this.#open(conn, peer));
  }

  closed(conn: number): void {
    this.#connections.get(conn)!.close();
    this.#connections.delete(conn);
    this.#protocol.closed?.(conn);
  }

  aborted(conn: number): void {
    this.#connections.get(conn)!.abort();
  }

  clientsChanged(clients: number, peer: string, hasCome: boolean): void {
    this.#protocol.clientsChanged?.(clients, peer, hasCome);
  }

  receive(conn: number): Effect | Promise<Effect> {
    return this.#ask(conn, { isEnded: false });
  }

  finish(conn: number): Effect | Promise<Effect> {
    // Between two messages the end leaves nothing to answer.
    if (this.#protocol.phase(conn) === Phase.Idle) return this.#protocol.finish(conn);
    return this.#ask(conn, { isEnded: true });
  }

  async respond(conn: number, sender: Sender): Promise<Effect> {
    try {
      return await this.#protocol.respond!(conn, sender);
    } finally {
      this.#protocol.flushLog?.();
    }
  }

  phase(conn: number): Phase {
    return this.#protocol.phase(conn);
  }

  expire(conn: number): Effect {
    const effect = this.#protocol.expire(conn);
    this.#protocol.flushLog?.();
    return effect;
  }

  tick(nowMs: number): void {
    this.#protocol.tick?.(nowMs);
  }

  drain(): void {
    this.#isDraining = true;
    this.#protocol.drain?.();
  }

  #ask(conn: number, { isEnded }: { isEnded: boolean }): Effect | Promise<Effect> {
    const received = { isEnded, isDraining: this.#isDraining, tries: 0 };
    const outcome = this.#connections.get(conn)!.receive(received);
    return typeof outcome === "number" ? outcome : this.#settle(conn, outcome);
  }

  async #settle(conn: number, outcome: Promise<Outcome>): Promise<Effect> {
    let settled = await outcome;
    for (let tries = 1; typeof settled === "object"; ++tries) {
      const isTaken = this.#protocol.takeOver!(conn, settled);
      if (typeof isTaken === "boolean" ? isTaken : await isTaken) return Effect.Respond;
      const again = { isEnded: false, isDraining: this.#isDraining, tries };
      settled = await this.#connections.get(conn)!.receive(again);
    }
    return settled;
  }
}
