/** A stream without a socket: what it receives is given, what it sends is written down. */
import type { Stream } from "../../servers/net/engines/deno/stream.ts";

/** See above. */
export class FakeStream implements Stream {
  /** What each write took, in order. */
  readonly writes: Uint8Array[] = [];
  /** Calls of `read` so far. */
  reads = 0;
  isClosed = false;
  hasSentFin = false;
  readonly #incoming: Uint8Array[];
  readonly #takes: number;
  #gate: PromiseWithResolvers<void> | undefined;

  /**
   * @param incoming what each read receives; behind it comes the peer's FIN
   * @param takes most bytes that a write takes
   */
  constructor(incoming: readonly Uint8Array[], takes = Infinity) {
    this.#incoming = [...incoming];
    this.#takes = takes;
  }

  /** From now on a write waits: the peer does not read. @returns what lets it go on */
  block(): () => void {
    const gate = this.#gate = Promise.withResolvers<void>();
    return () => {
      this.#gate = undefined;
      gate.resolve();
    };
  }

  /** All that was sent, joined. */
  get sent(): Uint8Array {
    return Uint8Array.from(this.writes.flatMap((bytes) => [...bytes]));
  }

  read(view: Uint8Array): Promise<number | null> {
    ++this.reads;
    const next = this.#incoming[0];
    if (next === undefined) return Promise.resolve(null);
    const count = Math.min(view.length, next.length);
    view.set(next.subarray(0, count));
    if (count === next.length) this.#incoming.shift();
    else this.#incoming[0] = next.subarray(count);
    return Promise.resolve(count);
  }

  async write(view: Uint8Array): Promise<number> {
    const bytes = view.slice(0, Math.min(view.length, this.#takes));
    this.writes.push(bytes);
    await this.#gate?.promise;
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.hasSentFin = true;
    return Promise.resolve();
  }

  close(): void {
    this.isClosed = true;
  }
}
