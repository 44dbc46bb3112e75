/**
 * Reads responses one by one, for what a plain load does not need: the status of each for the raw
 * samples, and a digest of the content. It counts like `ResponseReader.take`, but is slower.
 */
import { createHash, type Hash } from "node:crypto";
import { type Core, Event, Flag, type ResponseReader, Taken } from "../../core/mod.ts";

/** A complete response. */
export interface Inspected {
  status: number;
  /** Whether its content is as expected; true if nothing is expected. */
  isExpected: boolean;
}

/** Settings of {@linkcode Inspector}. */
export interface InspectorOptions {
  core: Core;
  reader: ResponseReader;
  /** SHA-256 of the expected content in hexadecimal. */
  bodySha256?: string;
}

/** The responses on one connection. */
export class Inspector {
  /** Complete responses found by the last call of `take` or `end`. */
  readonly found: Inspected[] = [];
  readonly #options: InspectorOptions;
  #hash: Hash | undefined;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /** Like `ResponseReader.take`. */
  take(conn: number, received: number, most: number): number {
    const { core, reader } = this.#options;
    core.received(conn, received);
    this.found.length = 0;
    for (;;) {
      const event = reader.next(conn);
      if (event === Event.Head) this.#begin();
      else if (event === Event.Body) this.#update(conn);
      else if (event === Event.Error) return this.found.length | Taken.Failed;
      else if (event === Event.NeedMore) {
        return this.found.length | (reader.isInResponse(conn) ? Taken.Partial : 0);
      } else {
        const isClosing = !(core.flags(conn) & Flag.KeepAlive);
        const isLast = this.found.length + 1 === most;
        if ((isLast || isClosing) && reader.hasMore(conn) && isLast) {
          return this.found.length | Taken.Failed;
        }
        this.#finish(conn);
        if (isClosing) return this.found.length | Taken.Closing;
        if (this.found.length === most) return most;
      }
    }
  }

  /** Counts the response that the end of the connection completes. */
  end(conn: number): void {
    this.found.length = 0;
    this.#finish(conn);
  }

  #begin(): void {
    if (this.#options.bodySha256 !== undefined) this.#hash = createHash("sha256");
  }

  #update(conn: number): void {
    const { core } = this.#options;
    // Copied, because hashes do not accept views of shared memory.
    this.#hash?.update(core.view(core.pieceStart(conn), core.pieceLength(conn)).slice());
  }

  #finish(conn: number): void {
    const { reader, bodySha256 } = this.#options;
    reader.count(conn);
    const digest = this.#hash?.digest("hex");
    this.found.push({ status: reader.status(conn), isExpected: digest === bodySha256 });
    this.#hash = undefined;
  }
}
