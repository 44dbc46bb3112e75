/** The two parsers behind one seam: parse a sample, count what it held. */
import { Core, Event } from "../../../core/mod.ts";
import { LeanLlhttp } from "./llhttp.ts";
import type { Sample } from "./samples.ts";

/** A parser, and the sample that it parses. */
export interface TimedParser {
  /** Parses the sample `times` times. @throws when it is rejected */
  run(times: number): void;
  /** Requests parsed so far. */
  readonly requests: number;
  /** A number that depends on every result, so that none can be optimised away. */
  readonly checksum: number;
}

/** ktcp's core. The sample is in its memory, where the server's sockets put what they read. */
export class CoreParser implements TimedParser {
  requests = 0;
  checksum = 0;
  readonly #core = Core.create({ blocks: 1 });
  readonly #conn: number;
  readonly #length: number;

  constructor(sample: Sample) {
    this.#conn = this.#core.open();
    this.#length = sample.bytes.length;
    if (this.#core.receive(this.#conn, sample.bytes) !== this.#length) {
      throw new RangeError(`The sample of ${this.#length} bytes does not fit`);
    }
    this.#core.rewind(this.#conn);
  }

  run(times: number): void {
    for (; times > 0; --times) this.#parse();
  }

  #parse(): void {
    const core = this.#core;
    const conn = this.#conn;
    core.rewind(conn);
    core.received(conn, this.#length);
    for (;;) {
      switch (core.next(conn)) {
        case Event.NeedMore:
          return;
        case Event.Head:
          // A message without content is complete with its head.
          this.checksum = (this.checksum * 31 + core.method(conn) + core.flags(conn)) | 0;
          ++this.requests;
          break;
        case Event.Body:
          this.checksum = (this.checksum * 31 + core.pieceLength(conn)) | 0;
          break;
        case Event.End:
          this.checksum = (this.checksum + 1) | 0;
          break;
        default:
          throw new Error(`The core rejects the sample: code ${core.code(conn)}`);
      }
    }
  }
}

/** llhttp, which gets a copy of the sample each time, as undici gives it one of what it read. */
export class CopyingLlhttp implements TimedParser {
  readonly #llhttp = new LeanLlhttp();
  readonly #bytes: Uint8Array;

  constructor(sample: Sample) {
    this.#bytes = sample.bytes;
  }

  get requests(): number {
    return this.#llhttp.messages;
  }

  get checksum(): number {
    return this.#llhttp.checksum;
  }

  run(times: number): void {
    for (; times > 0; --times) this.#llhttp.execute(this.#bytes);
  }
}
