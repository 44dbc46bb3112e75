/**
 * Which descriptors a thread has open, in memory that another one can read: numbers do not close
 * themselves when their thread crashes.
 */
import { close, Shutdown, shutdown } from "../../../../system/linux/socket.ts";

/** A byte for each number. */
export class OpenDescriptors {
  readonly #isOpen: Uint8Array<SharedArrayBuffer>;

  /** @param shared one of {@linkcode OpenDescriptors.share} */
  constructor(shared: SharedArrayBuffer) {
    this.#isOpen = new Uint8Array(shared);
  }

  /** Memory for descriptors below `limit`; what is never used takes none. */
  static share(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer(limit);
  }

  add(fd: number): void {
    this.#isOpen[fd] = 1;
  }

  delete(fd: number): void {
    this.#isOpen[fd] = 0;
  }

  /**
   * Closes all: their thread is gone. What a ring of io_uring had in flight keeps a socket open until
   * the kernel has taken the ring down: so sockets are shut down first, which frees their ports.
   */
  closeAll(): void {
    for (let fd = this.#isOpen.indexOf(1); fd >= 0; fd = this.#isOpen.indexOf(1, fd)) {
      this.#isOpen[fd] = 0;
      shutdown(fd, Shutdown.Both);
      close(fd);
    }
  }
}
