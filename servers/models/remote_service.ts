/**
 * Both ends of a service that runs in a pool of Workers, over one shared memory.
 *
 * The owner's end is a `Service`: each call of `receive` queues a work item that names the
 * connection's block. The bytes stay where they are. Any Worker takes the item, runs its own
 * instance of the service on that block, and answers with the effect; output stands in the
 * block's chain, which the owner sends.
 *
 * Between two items nothing is under way on a connection, and what the owner wrote before
 * `queueWork` is seen by the Worker, so a block never belongs to two threads.
 */
import type { Core } from "../../core/mod.ts";
import { Effect, type Phase, type Sender, type Service } from "../service.ts";
import { queueWork, sendToWork, Work, type Workqueue } from "../workqueue/mod.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ReceiveData, SenderRequest } from "./messages.ts";

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

/** Sends on behalf of an item: what is written is put into the shared memory, the owner sends it. */
class RemoteSender implements Sender {
  readonly #core: Core;
  readonly #conn: number;
  readonly #context: WorkContext<unknown>;
  #flushed: PromiseWithResolvers<void> | undefined;

  constructor(core: Core, conn: number, context: WorkContext<unknown>) {
    this.#core = core;
    this.#conn = conn;
    this.#context = context;
    context.onMessage((isSent) => {
      if (isSent) this.#flushed?.resolve();
      else this.#flushed?.reject(new Deno.errors.BrokenPipe("The peer is gone"));
    });
  }

  flush(): Promise<void> {
    if (this.#core.outBlock(this.#conn) === 0) return Promise.resolve();
    this.#flushed = Promise.withResolvers();
    this.#context.post("flush" satisfies SenderRequest);
    return this.#flushed.promise;
  }

  async write(view: Uint8Array): Promise<void> {
    this.#core.sendBytes(this.#conn, view);
    await this.flush();
  }
}

/** The Worker's end: runs an item. @returns what the owner shall do next */
export async function receiveItem(
  data: ReceiveData,
  context: WorkContext<{ core: Core; service: Service }>,
): Promise<Effect> {
  const { core, service } = context.init;
  const { conn, peer, isEnded, isDraining } = data;
  if (isDraining) service.drain?.();
  service.opened?.(conn, peer);
  const sender = new RemoteSender(core, conn, context);
  try {
    service.tick?.(Date.now());
    let effect = await (isEnded ? service.finish(conn, sender) : service.receive(conn, sender));
    while (effect === Effect.Respond) effect = await service.respond!(conn, sender);
    return effect;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return Effect.Close;
    throw error;
  } finally {
    service.closed?.(conn);
  }
}
