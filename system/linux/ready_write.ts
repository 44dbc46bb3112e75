/** Writing without waiting for the reader, to a descriptor that would block. */
import { libc } from "./libc.ts";
import { PollPoller } from "./pollers/poll.ts";
import { Interest } from "./pollers/poller.ts";

/**
 * What a pipe accepts at once if poll(2) reports it as writable, in bytes; see pipe(7), PIPE_BUF.
 */
const CHUNK_BYTES = 4096;

/** Writes to one descriptor as much as it accepts without blocking. */
export class ReadyWriter {
  readonly #fd: number;
  readonly #libc = libc();
  readonly #poller = new PollPoller();

  /** @throws {LibcError} where there is no C library, or it may not be used */
  constructor(fd: number) {
    this.#fd = fd;
    this.#poller.add(fd, Interest.Write);
  }

  /**
   * Writes as much of `bytes` as fits now. @returns how much that is; -errno if there is no reader
   * any more
   */
  write(bytes: Uint8Array<ArrayBuffer>): number {
    let written = 0;
    while (written < bytes.length && this.#poller.wait(0) > 0) {
      const chunk = bytes.subarray(written, written + CHUNK_BYTES);
      const count = this.#libc.result(this.#libc.calls.write(this.#fd, chunk, chunk.length));
      if (count < 0) return written > 0 ? written : count;
      written += count;
    }
    return written;
  }
}
