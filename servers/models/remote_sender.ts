/**
 * Both ends of sending for a service in a Worker: what it writes is put into the shared memory,
 * and the owner of the socket sends it from there.
 */
import type { Core } from "../../core/mod.ts";
import type { Sender } from "../service.ts";

/** The Worker's end. */
export class RemoteSender implements Sender {
  readonly #core: Core;
  readonly #conn: number;
  readonly #askToFlush: () => void;
  #flushed: PromiseWithResolvers<void> | undefined;

  /** @param askToFlush tells the owner to send what waits; the answer comes to `answered` */
  constructor(core: Core, conn: number, askToFlush: () => void) {
    this.#core = core;
    this.#conn = conn;
    this.#askToFlush = askToFlush;
  }

  /** The owner has sent what waited, or could not. */
  answered(isSent: boolean): void {
    if (isSent) this.#flushed?.resolve();
    else this.#flushed?.reject(new Deno.errors.BrokenPipe("The peer is gone"));
  }

  flush(): Promise<void> {
    if (this.#core.outBlock(this.#conn) === 0) return Promise.resolve();
    this.#flushed = Promise.withResolvers();
    this.#askToFlush();
    return this.#flushed.promise;
  }

  async write(view: Uint8Array): Promise<void> {
    this.#core.sendBytes(this.#conn, view);
    await this.flush();
  }
}

/** The owner's end. @returns whether everything that waited was sent; never rejects */
export async function flushFor(sender: Sender): Promise<boolean> {
  try {
    await sender.flush();
    return true;
  } catch {
    // The peer is gone, which the connection's driver finds out by itself.
    return false;
  }
}
