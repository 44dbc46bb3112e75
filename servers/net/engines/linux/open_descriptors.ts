/**
 * Which descriptors a thread has open, in memory that another one can read: numbers do not close
 * themselves when their thread crashes.
 */
import { close, Shutdown, shutdown } from "../../../../system/linux/socket.ts";

/** What a number stands for. */
const enum State {
  Closed = 0,
  Own = 1,
  Shared = 2,
}

/** A byte for each number. */
export class OpenDescriptors {
  readonly #state: Uint8Array<SharedArrayBuffer>;

  /** @param shared one of {@linkcode OpenDescriptors.share} */
  constructor(shared: SharedArrayBuffer) {
    this.#state = new Uint8Array(shared);
  }

  /** Memory for descriptors below `limit`; what is never used takes none. */
  static share(limit: number): SharedArrayBuffer {
    return new SharedArrayBuffer(limit);
  }

  add(fd: number): void {
    this.#state[fd] = State.Own;
  }

  /** `fd` names a socket that others have descriptors of, too: it must not be shut down. */
  addShared(fd: number): void {
    this.#state[fd] = State.Shared;
  }

  delete(fd: number): void {
    this.#state[fd] = State.Closed;
  }

  /**
   * Closes all: their thread is gone. What a ring of io_uring had in flight keeps a socket open until
   * the kernel has taken the ring down: so sockets are shut down first, which frees their ports.
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
