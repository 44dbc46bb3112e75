/**
 * The work function of model `shared-pool`: runs items, each of which is what came on a connection. Its
 * bytes stand in the shared memory, and what is answered is put there for the owner to send.
 */
import type { Core } from "../../core/mod.ts";
import { Effect, type Sender } from "../service.ts";
import type { WorkContext } from "../workqueue/serve_work.ts";
import type { ReceiveData, SenderRequest } from "./messages.ts";
import type { Pooled } from "./pooled.ts";

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

/** Runs an item. @returns what the owner shall do next */
export async function receive(
  data: ReceiveData,
  context: WorkContext<Pooled>,
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
