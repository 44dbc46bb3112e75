/**
 * Accepts connections one after the other, within a limit.
 *
 * At the limit, and when the process is out of file descriptors, accepting pauses: new connections
 * wait in the kernel's accept queue. It goes on when a connection ends.
 */
import { systemClock } from "../../system/clock.ts";
import type { ConnectionLimit } from "./connection_limit.ts";

/** When no connection of this thread ends, accepting is tried again after this time, in ms. */
export const ACCEPT_RETRY_MS = 100;

/** Where connections come from. */
export interface AcceptSource<Accepted> {
  /** @throws the runtime's error, `ConnectionAborted` when only this one has failed */
  accept(): Promise<Accepted>;
  /** The pending `accept` fails. */
  close(): void;
}

/** What becomes of a connection. */
export interface AcceptSink<Accepted> {
  serve(accepted: Accepted): void;
  /** It came when the loop had been stopped already. */
  drop(accepted: Accepted): void;
}

/** A loop over a listener. */
export class AcceptLoop<Accepted> {
  /** Resolves when accepting has ended; rejects when it cannot go on. */
  readonly done: Promise<void>;
  readonly #source: AcceptSource<Accepted>;
  readonly #limit: ConnectionLimit;
  readonly #sink: AcceptSink<Accepted>;
  readonly #clock: typeof systemClock;
  #isStopped = false;
  #wake: (() => void) | undefined;

  /** Starts to accept. */
  constructor(
    source: AcceptSource<Accepted>,
    limit: ConnectionLimit,
    sink: AcceptSink<Accepted>,
    clock = systemClock,
  ) {
    this.#source = source;
    this.#limit = limit;
    this.#sink = sink;
    this.#clock = clock;
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
    this.#source.close();
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
        accepted = await this.#source.accept();
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
      if (this.#isStopped) return this.#sink.drop(accepted);
      this.#sink.serve(accepted);
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = this.#clock.setTimeout(resolve, ACCEPT_RETRY_MS);
    await promise;
    this.#clock.clearTimeout(timer);
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
