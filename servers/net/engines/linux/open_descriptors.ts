/**
 * The open descriptors of a thread, in memory that another thread can read, because nothing closes
 * them when their thread crashes.
 */
import { close, Shutdown, shutdown } from "../../../../system/linux/socket.ts";

/** The state of a descriptor. */
const enum State {
  Closed = 0,
  Own = 1,
  Shared = 2,
}

/** One byte for each descriptor. */
export class OpenDescriptors {
  readonly #state: Uint8Array<SharedArrayBuffer>;

  /** @param shared one of {@linkcode OpenDescriptors.share} */
  constructor(shared: SharedArrayBuffer) {
    this.#state = new Uint8Array(shared);
  }

  /** Memory for descriptors below `limit`; untouched pages take no memory. */
  static share(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer(limit);
  }

  add(fd: number): void {
    this.#state[fd] = State.Own;
  }

  /** Adds `fd`, a socket of which others have descriptors too, so that it must not be shut down. */
  addShared(fd: number): void {
    this.#state[fd] = State.Shared;
  }

  delete(fd: number): void {
    this.#state[fd] = State.Closed;
  }

  /**
   * Closes all, because their thread is gone. Operations in flight on an io_uring keep a socket
   * open until the kernel has torn down the ring, so sockets are shut down first, which frees their
   * ports.
   */
  closeAll(): void {
    for (const fd of this.#take(State.Own)) {
      shutdown(fd, Shutdown.Both);
      close(fd);
    }
    for (const fd of this.#take(State.Shared)) close(fd);
  }

  *#take(state: State): Generator<number> {
    for (let fd = this.#state.indexOf(state); fd >= 0; fd = this.#state.indexOf(state, fd)) {
      this.#state[fd] = State.Closed;
      yield fd;
    }
  }
}
