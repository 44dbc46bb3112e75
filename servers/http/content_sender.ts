/**
 * Sends streamed content to the connection.
 */
import type { Core } from "../../core/mod.ts";
import type { Streamed } from "./resource.ts";
import type { Sender } from "../net/service.ts";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");

/** Ends content that was sent in chunks. */
const LAST_CHUNK = encoder.encode("0\r\n\r\n");

/** Sends one answer's content, chunked where its length is unknown, and counts its bytes. */
export class ContentSender implements Sender {
  readonly sendFile: Sender["sendFile"];
  /** Bytes of content sent, without their framing. */
  bytes = 0;
  readonly #sender: Sender;
  readonly #isChunked: boolean;

  constructor(sender: Sender, { isChunked }: { isChunked: boolean }) {
    this.#sender = sender;
    this.#isChunked = isChunked;
    // A file has a known length, so it is never sent in chunks.
    if (sender.sendFile !== undefined && !isChunked) {
      this.sendFile = (range) => this.#count(() => sender.sendFile!(range));
    }
  }

  /** Sends waiting output, then `content`. @returns whether all announced bytes were sent */
  async send(content: Streamed): Promise<boolean> {
    await this.#sender.flush();
    const isWhole = await content.send(this);
    if (isWhole && this.#isChunked) await this.#sender.write(LAST_CHUNK);
    return isWhole;
  }

  get sentBytes(): number {
    return this.#sender.sentBytes;
  }

  flush(): Promise<void> {
    return this.#count(() => this.#sender.flush());
  }

  /** Counts the bytes that `send` sends, even if it fails. */
  async #count<T>(send: () => Promise<T>): Promise<T> {
    const before = this.sentBytes;
    try {
      return await send();
    } finally {
      this.bytes += this.sentBytes - before;
    }
  }

  async write(view: Uint8Array): Promise<void> {
    // A chunk of no bytes would be the last one.
    if (view.length === 0) return;
    const framed = this.#isChunked ? chunkOf(view) : view;
    const headBytes = this.#isChunked ? framed.length - view.length - CRLF.length : 0;
    const before = this.sentBytes;
    try {
      await this.#sender.write(framed);
    } finally {
      // The peer may have disconnected in the middle.
      const sent = this.sentBytes - before - headBytes;
      this.bytes += Math.min(Math.max(sent, 0), view.length);
    }
  }
}

/** `view` framed as a chunk (RFC 9112 section 7.1). */
function chunkOf(view: Uint8Array): Uint8Array {
  const size = view.length.toString(16) + "\r\n";
  const chunk = new Uint8Array(size.length + view.length + CRLF.length);
  encoder.encodeInto(size, chunk);
  chunk.set(view, size.length);
  chunk.set(CRLF, size.length + view.length);
  return chunk;
}

/** Content that another thread has spooled in the connection's blocks. */
export class SpooledContent implements Streamed {
  readonly #core: Core;
  readonly #conn: number;

  constructor(core: Core, conn: number) {
    this.#core = core;
    this.#conn = conn;
  }

  async send(sender: Sender): Promise<boolean> {
    this.#core.releaseSpool(this.#conn);
    await sender.flush();
    return true;
  }

  cancel(): void {
    this.#core.dropSpool(this.#conn);
  }
}

/** Bytes in memory, sent without being copied into the output. */
export class WholeContent implements Streamed {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async send(sender: Sender): Promise<boolean> {
    await sender.write(this.#bytes);
    return true;
  }

  cancel(): void {}
}
