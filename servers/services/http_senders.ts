/**
 * What stands between streamed content and the connection.
 */
import type { Streamed } from "../resource.ts";
import type { Sender } from "../service.ts";

const encoder = new TextEncoder();
const CRLF = encoder.encode("\r\n");

/** Ends content that was sent in chunks. */
export const LAST_CHUNK = encoder.encode("0\r\n\r\n");

/** Frames what is sent in chunks (RFC 9112 section 7.1). */
export class ChunkedSender implements Sender {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  flush(): Promise<void> {
    return this.#sender.flush();
  }

  async write(view: Uint8Array): Promise<void> {
    // A chunk of no bytes would be the last one.
    if (view.length === 0) return;
    const size = view.length.toString(16) + "\r\n";
    const chunk = new Uint8Array(size.length + view.length + 2);
    encoder.encodeInto(size, chunk);
    chunk.set(view, size.length);
    chunk.set(CRLF, size.length + view.length);
    await this.#sender.write(chunk);
  }
}

/** Counts the bytes of content on their way. */
export class CountingSender implements Sender {
  bytes = 0;
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  flush(): Promise<void> {
    return this.#sender.flush();
  }

  async write(view: Uint8Array): Promise<void> {
    await this.#sender.write(view);
    this.bytes += view.length;
  }
}

/** Bytes in memory as content that is sent from where it is. */
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
