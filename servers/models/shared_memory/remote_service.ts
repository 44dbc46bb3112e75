/**
 * The owner's end of a service that runs in Workers, over one shared memory.
 *
 * It is a `Service`: when something is received on a connection, it sends the address of the
 * connection's block to a Worker. The bytes stay where they are: the Worker runs its own instance
 * of the service on that block, and answers with the effect. Output is in the block's chain, which
 * the owner sends.
 *
 * Workers do not wait for peers: an answer whose content is too large for the output is handed over
 * as plain data, and the owner's instance of the service sends it while the Worker does other work.
 *
 * While a Worker has a block, the owner leaves it alone, and at other times no Worker touches it,
 * so a block never belongs to two threads.
 */
import { Effect, Phase, type Sender, type Service } from "../../net/service.ts";
import type { Outcome, Received } from "./messages.ts";

/** How a connection reaches a Worker; this is where the models differ. */
export interface RemoteConnection {
  /** Lets a Worker handle what was received. */
  receive(received: Received): Effect | Promise<Outcome>;
  /**
   * Cancels the handling of what was received. If no Worker has begun, `receive` resolves with what
   * `effect` returns.
   */
  abort(effect: () => Effect): void;
  /** The connection ends. */
  close(): void;
}

/** The owner's end. */
export class RemoteService implements Service {
  /** This thread's instance, for phases, timeouts, and answers that are handed over. */
  readonly #protocol: Service;
  readonly #open: (conn: number, peer: string) => RemoteConnection;
  readonly #patienceMs: number;
  readonly #connections = new Map<number, RemoteConnection>();
  /** Connections that wait for a Worker, and since when; the oldest first. */
  readonly #waiting = new Map<number, number>();
  #isDraining = false;

  /** @param patienceMs a request that no Worker has begun after this time is refused; 0: never */
  constructor(
    protocol: Service,
    { open, patienceMs }: {
      open: (conn: number, peer: string) => RemoteConnection;
      patienceMs: number;
    },
  ) {
    this.#protocol = protocol;
    this.#open = open;
    this.#patienceMs = patienceMs || Infinity;
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
    this.#connections.get(conn)!.abort(() => Effect.Close);
  }

  clientsChanged(clients: number, peer: string, hasCome: boolean): void {
    this.#protocol.clientsChanged?.(clients, peer, hasCome);
  }

  receive(conn: number): Effect | Promise<Effect> {
    return this.#ask(conn, { isEnded: false });
  }

  finish(conn: number): Effect | Promise<Effect> {
    // If the input ends before a head is complete, there is nothing for a Worker to answer.
    const isWhole = this.#protocol.phase(conn) === Phase.Content ||
      this.#protocol.hasMessage?.(conn);
    if (isWhole) return this.#ask(conn, { isEnded: true });
    const effect = this.#protocol.finish(conn);
    this.#protocol.flushLog?.();
    return effect;
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
    this.#refuseOverdue();
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

  /**
   * Refuses requests that have waited too long for a Worker, so that their clients get an answer.
   */
  #refuseOverdue(): void {
    const sinceMs = performance.now() - this.#patienceMs;
    for (const [conn, startMs] of this.#waiting) {
      if (startMs > sinceMs) break;
      this.#waiting.delete(conn);
      this.#connections.get(conn)?.abort(() => {
        const effect = this.#protocol.refuse?.(conn) ?? Effect.Close;
        this.#protocol.flushLog?.();
        return effect;
      });
    }
  }

  async #settle(conn: number, outcome: Promise<Outcome>): Promise<Effect> {
    this.#waiting.set(conn, performance.now());
    let settled: Outcome;
    try {
      settled = await outcome;
    } finally {
      this.#waiting.delete(conn);
    }
    for (let tries = 1; typeof settled === "object"; ++tries) {
      const isTaken = this.#protocol.takeOver!(conn, settled);
      if (typeof isTaken === "boolean" ? isTaken : await isTaken) return Effect.Respond;
      const again = { isEnded: false, isDraining: this.#isDraining, tries };
      settled = await this.#connections.get(conn)!.receive(again);
    }
    return settled;
  }
}
