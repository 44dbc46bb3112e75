/**
 * The owner's end of a service that runs in a pool of Workers, over one shared memory.
 *
 * It is a `Service`: each call of `receive` queues a work item that names the
 * connection's block. The bytes stay where they are. Any Worker takes the item, runs its own
 * instance of the service on that block, and answers with the effect; output stands in the
 * block's chain, which the owner sends.
 *
 * Between two items nothing is under way on a connection, and what the owner wrote before
 * `queueWork` is seen by the Worker, so a block never belongs to two threads.
 */
import type { Effect, Phase, Sender, Service } from "../service.ts";
import { queueWork, sendToWork, Work, type Workqueue } from "../workqueue/mod.ts";
import type { ReceiveData } from "./messages.ts";

/** One connection on the owner's side: its item, and who waits for it. */
class RemoteConnection {
  readonly data: ReceiveData;
  readonly work: Work<ReceiveData, Effect>;
  sender: Sender | undefined;
  outcome = Promise.withResolvers<Effect>();

  constructor(conn: number, peer: string) {
    this.data = { conn, peer, isEnded: false, isDraining: false };
    this.work = new Work("receive", this.data, {
      onResult: (effect) => this.outcome.resolve(effect),
      onError: (error) => this.outcome.reject(error),
      onMessage: () => this.#flush(),
    });
  }

  async #flush(): Promise<void> {
    try {
      await this.sender!.flush();
      sendToWork(this.work, true);
    } catch {
      // The peer is gone; the item learns that nothing more can be sent.
      sendToWork(this.work, false);
    }
  }
}

/** The owner's end. */
export class RemoteService implements Service {
  readonly #queue: Workqueue;
  /** Knows the protocol, and nothing of what is served: for phases and timeouts. */
  readonly #protocol: Service;
  readonly #connections = new Map<number, RemoteConnection>();
  #isDraining = false;

  constructor(queue: Workqueue, protocol: Service) {
    this.#queue = queue;
    this.#protocol = protocol;
  }

  opened(conn: number, peer: string): void {
    this.#connections.set(conn, new RemoteConnection(conn, peer));
  }

  closed(conn: number): void {
    this.#connections.delete(conn);
  }

  clientsChanged(clients: number, peer: string, hasCome: boolean): void {
    this.#protocol.clientsChanged?.(clients, peer, hasCome);
  }

  receive(conn: number, sender: Sender): Promise<Effect> {
    return this.#queueItem(conn, sender, false);
  }

  finish(conn: number, sender: Sender): Promise<Effect> {
    return this.#queueItem(conn, sender, true);
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

  #queueItem(conn: number, sender: Sender, isEnded: boolean): Promise<Effect> {
    const connection = this.#connections.get(conn)!;
    connection.sender = sender;
    connection.data.isEnded = isEnded;
    connection.data.isDraining = this.#isDraining;
    connection.outcome = Promise.withResolvers();
    queueWork(this.#queue, connection.work);
    return connection.outcome.promise;
  }
}
