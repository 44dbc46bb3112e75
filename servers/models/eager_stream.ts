/**
 * A stream that receives its first bytes before anybody asks for them: a connection that waits for
 * its Worker is idle only if nothing has come.
 */
import type { Stream } from "../engine.ts";

/** A stream that knows whether it waits for the peer. */
export class EagerStream implements Stream {
  readonly #stream: Stream;
  #first: Promise<number | null> | undefined;
  #isReceiving = false;
  #isClosed = false;

  /** @param view where the first bytes go; the first `read` names the same place */
  constructor(stream: Stream, view: Uint8Array) {
    this.#stream = stream;
    this.#first = this.#receive(view);
    // Whoever reads first is told of an error; maybe nobody does.
    this.#first.catch(() => {});
  }

  /** Whether a receive is under way, to which nothing has come. */
  get isReceiving(): boolean {
    return this.#isReceiving;
  }

  /** Whether it was closed on this side. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  read(view: Uint8Array): Promise<number | null> {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#receive(view);
  }

  write(view: Uint8Array): Promise<number> {
    return this.#stream.write(view);
  }

  closeWrite(): Promise<void> {
    return this.#stream.closeWrite();
  }

  /** Closes the stream; again is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stream.close();
  }

  async #receive(view: Uint8Array): Promise<number | null> {
    this.#isReceiving = true;
    try {
      return await this.#stream.read(view);
    } finally {
      this.#isReceiving = false;
    }
  }
}
