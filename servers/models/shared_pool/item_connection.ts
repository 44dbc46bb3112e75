/** A connection of model `shared-pool`: each chunk that is received on it is a work item. */
import type { Effect } from "../../net/service.ts";
import { cancelWork, queueWork, Work, type Workqueue } from "../../workqueue/mod.ts";
import type { Outcome, Received } from "../shared_memory/messages.ts";
import type { ReceiveData } from "./receive_item.ts";
import type { RemoteConnection } from "../shared_memory/remote_service.ts";

/** One connection on the owner's side: its item, and the pending outcome. */
export class ItemConnection implements RemoteConnection {
  readonly #queue: Workqueue;
  readonly #work: Work<ReceiveData, Outcome>;
  #outcome = Promise.withResolvers<Outcome>();

  constructor(queue: Workqueue, { conn, peer }: { conn: number; peer: string }) {
    this.#queue = queue;
    this.#work = new Work("receive", { conn, peer, isEnded: false, isDraining: false, tries: 0 }, {
      onResult: (outcome) => this.#outcome.resolve(outcome),
      onError: (error) => this.#outcome.reject(error),
    });
  }

  receive(received: Received): Promise<Outcome> {
    Object.assign(this.#work.data, received);
    this.#outcome = Promise.withResolvers();
    queueWork(this.#queue, this.#work);
    return this.#outcome.promise;
  }

  abort(effect: () => Effect): void {
    if (cancelWork(this.#work)) this.#outcome.resolve(effect());
  }

  close(): void {}
}
