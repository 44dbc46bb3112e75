/** A connection of model `shared-pool`: each thing that is received on it is a work item. */
import { Effect, type Sender } from "../service.ts";
import { cancelWork, queueWork, sendToWork, Work, type Workqueue } from "../workqueue/mod.ts";
import type { ReceiveData } from "./messages.ts";
import { flushFor } from "./remote_sender.ts";
import type { Received, RemoteConnection } from "./remote_service.ts";

/** One connection on the owner's side: its item, and who waits for it. */
export class ItemConnection implements RemoteConnection {
  readonly #queue: Workqueue;
  readonly #work: Work<ReceiveData, Effect>;
  #outcome = Promise.withResolvers<Effect>();
  #sender: Sender | undefined;

  constructor(queue: Workqueue, { conn, peer }: { conn: number; peer: string }) {
    this.#queue = queue;
    this.#work = new Work("receive", { conn, peer, isEnded: false, isDraining: false }, {
      onResult: (effect) => this.#outcome.resolve(effect),
      onError: (error) => this.#outcome.reject(error),
      onMessage: async () => sendToWork(this.#work, await flushFor(this.#sender!)),
    });
  }

  receive(received: Received, sender: Sender): Promise<Effect> {
    Object.assign(this.#work.data, received);
    this.#sender = sender;
    this.#outcome = Promise.withResolvers();
    queueWork(this.#queue, this.#work);
    return this.#outcome.promise;
  }

  abort(): void {
    if (cancelWork(this.#work)) this.#outcome.resolve(Effect.Close);
  }

  close(): void {}
}
