/** The compressors as a Worker sees them: at the other end of a port. */
import { Cache } from "../cache.ts";
import { type Compressed, type Compressor, copyKey, type Original } from "../compress.ts";
import type { FromCompressors, ToCompressors } from "./messages.ts";
import { readShared } from "./shared_copy.ts";

/** A request for a copy that waits for its answer. */
interface Asked {
  original: Original;
  resolve(copy: Compressed | undefined): void;
}

/** Asks the owner of the compressors, and keeps what it got. */
export class RemoteCompressor implements Compressor {
  readonly #port: MessagePort;
  readonly #kept: Cache<Compressed>;
  readonly #asked = new Map<number, Asked>();
  #nextId = 0;

  /** @param cacheBytes bounds the copies that are kept on this thread */
  constructor(port: MessagePort, cacheBytes: number) {
    this.#port = port;
    this.#kept = new Cache(cacheBytes);
    port.onmessage = ({ data }) => this.#receive(data);
  }

  compress(original: Original): Compressed | Promise<Compressed | undefined> {
    const kept = this.#kept.get(copyKey(original));
    if (kept !== undefined) return kept;
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const { tag, coding, size } = original;
      this.#asked.set(id, { original, resolve });
      this.#post({ kind: "ask", id, tag, coding, size });
    });
  }

  #receive(message: FromCompressors): void {
    const { id } = message;
    const asked = this.#asked.get(id);
    if (message.kind === "want") {
      // The first request may have waited for too long, while others still wait.
      const bytes = asked && readShared(asked.original);
      return this.#post({ kind: "send", id, bytes });
    }
    const { original, resolve } = asked!;
    this.#asked.delete(id);
    const { copy } = message;
    if (copy !== undefined) this.#kept.set(copyKey(original), copy, { bytes: copy.bytes.length });
    resolve(copy);
  }

  #post(message: ToCompressors): void {
    this.#port.postMessage(message);
  }
}
