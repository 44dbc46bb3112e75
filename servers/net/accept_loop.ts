/**
 * Accepts connections one after the other, within a limit.
 *
 * At the limit, and when the process is out of file descriptors, accepting pauses: new connections
 * wait in the kernel's accept queue. Accepting resumes when a connection ends.
 */
import { systemClock } from "../../system/clock.ts";
import type { ConnectionLimit } from "./connection_limit.ts";

/** How long accepting pauses, in ms, if no connection of this thread ends before. */
export const ACCEPT_RETRY_MS = 100;

/** Where connections come from. */
export interface AcceptSource<Accepted> {
  /** @throws the runtime's error; `ConnectionAborted` when only this connection has failed */
  accept(): Promise<Accepted>;
  /** Closes the source; a pending `accept` then fails. */
  close(): void;
}

/** Receives the accepted connections. */
export interface AcceptSink<Accepted> {
  serve(accepted: Accepted): void;
  /** Drops a connection that was accepted after the loop had been stopped. */
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

  /** To be called when a connection has ended and there is room again. */
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
        // The client disconnected before it was accepted: tries the next one.
        if (isClientGone(error)) continue;
        if (!isOutOfResources(error)) throw error;
        await this.#pause();
        continue;
      }
      // Other threads may have accepted connections meanwhile.
      while (this.#limit.isReached() && !this.#isStopped) await this.#pause();
      // It was accepted before the listener closed but reported after, so it would not be drained.
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
