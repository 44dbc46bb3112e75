/**
 * A connection of model `per-connection`: with its first message it gets a Worker of its own, which
 * serves it to its end.
 *
 * Waiting for the first message is the idea of FreeBSD's `accf_http(9)` and Linux's
 * `TCP_DEFER_ACCEPT`: a client that is slow to send its first head, or sends none, costs no thread.
 */
import { Effect, type Service } from "../../net/service.ts";
import { cancelWork, queueWork, sendToWork, Work, type Workqueue } from "../../workqueue/mod.ts";
import type { ConnectionCommand, ConnectionData } from "./connection_item.ts";
import type { Outcome, Received } from "../shared_memory/messages.ts";
import type { RemoteConnection } from "../shared_memory/remote_service.ts";

/** One connection on the owner's side: the item that serves it, and the pending outcome. */
export class ThreadConnection implements RemoteConnection {
  readonly #queue: Workqueue;
  readonly #protocol: Service;
  readonly #work: Work<ConnectionData, void>;
  #outcome = Promise.withResolvers<Outcome>();
  #isQueued = false;

  /** `protocol` determines when there is a message to answer. */
  constructor(
    queue: Workqueue,
    { conn, peer, protocol }: ConnectionData & { protocol: Service },
  ) {
    this.#queue = queue;
    this.#protocol = protocol;
    this.#work = new Work("connection", { conn, peer }, {
      onError: (error) => this.#outcome.reject(error),
      onMessage: (outcome) => this.#outcome.resolve(outcome as Outcome),
    });
  }

  receive(received: Received): Effect | Promise<Outcome> {
    const { conn } = this.#work.data;
    const hasMessage = this.#isQueued || (this.#protocol.hasMessage?.(conn) ?? true);
    if (!hasMessage) return Effect.Read;
    if (!this.#isQueued) queueWork(this.#queue, this.#work);
    this.#isQueued = true;
    this.#outcome = Promise.withResolvers();
    if (!this.#send({ kind: "received", ...received })) {
      this.#outcome.reject(new Error("The connection's Worker is gone"));
    }
    return this.#outcome.promise;
  }

  abort(effect: () => Effect): void {
    if (cancelWork(this.#work)) this.#outcome.resolve(effect());
  }

  close(): void {
    this.#send({ kind: "closed" });
  }

  #send(command: ConnectionCommand): boolean {
    return sendToWork(this.#work, command);
  }
}
