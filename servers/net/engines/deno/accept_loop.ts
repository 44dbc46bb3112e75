/**
 * Accepts connections one after the other, within a limit.
 *
 * At the limit, and when the process is out of file descriptors, accepting pauses: new connections
 * wait in the kernel's accept queue. It goes on when a connection ends.
 */
import type { ConnectionLimit } from "../../connection_limit.ts";
import type { Accepted, Listener } from "./stream.ts";

/** When no connection of this thread ends, accepting is tried again after this time, in ms. */
const RETRY_MS = 100;

/** A loop over a listener. */
export class AcceptLoop {
  /** Resolves when accepting has ended; rejects when it cannot go on. */
  readonly done: Promise<void>;
  readonly #listener: Listener;
  readonly #limit: ConnectionLimit;
  readonly #onAccepted: (accepted: Accepted) => void;
  #isStopped = false;
  #wake: (() => void) | undefined;

  /** Starts to accept. */
  constructor(
    listener: Listener,
    limit: ConnectionLimit,
    onAccepted: (accepted: Accepted) => void,
  ) {
    this.#listener = listener;
    this.#limit = limit;
    this.#onAccepted = onAccepted;
    this.done = this.#run();
  }

  /** A connection has ended: there is room again. */
  wake(): void {
    this.#wake?.();
  }

  /** Closes the listener. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#listener.close();
    this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      if (this.#limit.isReached()) {
        await this.#pause();
        continue;
      }
      let accepted: Accepted;
      try {
        accepted = await this.#listener.accept();
      } catch (error) {
        if (this.#isStopped) return;
        // The client went away before it was accepted: the next one is waiting.
        if (isClientGone(error)) continue;
        if (!isOutOfResources(error)) throw error;
        await this.#pause();
        continue;
      }
      // Other threads may have accepted connections meanwhile.
      while (this.#limit.isReached() && !this.#isStopped) await this.#pause();
      // It was accepted before the listener closed, but reported after: it would not be drained.
      if (this.#isStopped) return accepted.stream.close();
      this.#onAccepted(accepted);
    }
  }

  async #pause(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, RETRY_MS);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }
}

function isClientGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted;
}

/** ENFILE, EMFILE, ENOBUFS, ENOMEM: Deno gives them no class of their own. */
function isOutOfResources(error: unknown): boolean {
  return error instanceof Error && /os error (23|24|105|12)\b/.test(error.message);
}
