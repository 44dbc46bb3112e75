/**
 * The owner's end of a service that runs in Workers, over one shared memory.
 *
 * It is a `Service`: what is received on a connection is told to a Worker with the address of the
 * connection's block. The bytes stay where they are: the Worker runs its own instance of the
 * service on that block, and answers with the effect; output stands in the block's chain, which
 * the owner sends.
 *
 * Meanwhile the owner leaves the block alone, and in between no Worker touches it, so a block
 * never belongs to two threads.
 */
import { type Effect, Phase, type Sender, type Service } from "../service.ts";

/** What was received on a connection, besides the bytes in its block. */
export interface Received {
  /** The peer has sent its FIN. */
  isEnded: boolean;
  /** The server is about to stop. */
  isDraining: boolean;
}

/** A connection's way to a Worker: how this is found makes the model. */
export interface RemoteConnection {
  /** Lets a Worker deal with what was received; `sender` sends for it meanwhile. */
  receive(received: Received, sender: Sender): Effect | Promise<Effect>;
  /** What was received need not be dealt with, if no Worker has begun. */
  abort(): void;
  /** The connection ends. */
  close(): void;
}

/** The owner's end. */
export class RemoteService implements Service {
  /** Knows the protocol, and nothing of what is served: for phases and timeouts. */
  readonly #protocol: Service;
  readonly #open: (conn: number, peer: string) => RemoteConnection;
  readonly #connections = new Map<number, RemoteConnection>();
  #isDraining = false;

  constructor(protocol: Service, open: (conn: number, peer: string) => RemoteConnection) {
    this.#protocol = protocol;
    this.#open = open;
  }

  opened(conn: number, peer: string): void {
    this.#connections.set(conn, this.#open(conn, peer));
  }

  closed(conn: number): void {
    this.#connections.get(conn)!.close();
    this.#connections.delete(conn);
  }

  aborted(conn: number): void {
    this.#connections.get(conn)!.abort();
  }

  clientsChanged(clients: number, peer: string, hasCome: boolean): void {
    this.#protocol.clientsChanged?.(clients, peer, hasCome);
  }

  receive(conn: number, sender: Sender): Effect | Promise<Effect> {
    const received = { isEnded: false, isDraining: this.#isDraining };
    return this.#connections.get(conn)!.receive(received, sender);
  }

  finish(conn: number, sender: Sender): Effect | Promise<Effect> {
    // Between two messages the end leaves nothing to answer.
    if (this.#protocol.phase(conn) === Phase.Idle) return this.#protocol.finish(conn, sender);
    const received = { isEnded: true, isDraining: this.#isDraining };
    return this.#connections.get(conn)!.receive(received, sender);
  }

  phase(conn: number): Phase {
    return this.#protocol.phase(conn);
  }

  expire(conn: number): Effect {
    return this.#protocol.expire(conn);
  }

  tick(nowMs: number): void {
    this.#protocol.tick?.(nowMs);
  }

  drain(): void {
    this.#isDraining = true;
    this.#protocol.drain?.();
  }
}
