/**
 * A stream that receives its first bytes before anybody asks for them: a connection that waits for
 * its Worker is idle only if nothing has come. It also counts what passes.
 */
import type { Counters } from "../counters.ts";
import type { Stream } from "../engine.ts";

/** A stream that knows whether it waits for the peer. */
export class EagerStream implements Stream {
  readonly #stream: Stream;
  readonly #counters: Counters;
  #first: Promise<number | null> | undefined;
  #isReceiving = false;
  #isClosed = false;

  /**
   * @param view where the first bytes go; the first `read` names the same place
   * @param counters where bytes are counted
   */
  constructor(stream: Stream, view: Uint8Array, counters: Counters) {
    this.#stream = stream;
    this.#counters = counters;
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

  async write(view: Uint8Array): Promise<number> {
    const count = await this.#stream.write(view);
    this.#counters.bytesOut += count;
    return count;
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
      const count = await this.#stream.read(view);
      this.#counters.bytesIn += count ?? 0;
      return count;
    } finally {
      this.#isReceiving = false;
    }
  }
}
