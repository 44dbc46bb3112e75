/** Accepts descriptors on a thread that must not block, by waiting on another thread. */
import { createEventFd, signalEventFd } from "../../../../system/linux/eventfd.ts";
import {
  acceptBlocking,
  close,
  peerAddress,
  untilReadable,
} from "../../../../system/linux/socket.ts";
import type { AcceptSource } from "../../accept_loop.ts";
import { AcceptFailure, acceptFailure } from "./accept_failure.ts";
import type { ListeningSocket } from "./listening_socket.ts";

/** A connection's blocking socket, which its receiver closes. */
export interface AcceptedDescriptor {
  fd: number;
  /** The peer's address without port; empty for a Unix domain socket. */
  peer: string;
}

/** A listening socket. */
export class DescriptorListener implements AcceptSource<AcceptedDescriptor> {
  readonly #socket: ListeningSocket;
  /** An eventfd that ends the waiting. */
  readonly #stop: number;
  #isWaiting = false;
  #isClosed = false;

  /** @throws {SystemError} when no descriptor is left */
  constructor(socket: ListeningSocket) {
    this.#socket = socket;
    this.#stop = createEventFd();
  }

  async accept(): Promise<AcceptedDescriptor> {
    while (!this.#isClosed) {
      const fd = acceptBlocking(this.#socket.fd);
      if (fd >= 0) return { fd, peer: this.#socket.isUnix ? "" : peerAddress(fd) };
      switch (acceptFailure(fd)) {
        case AcceptFailure.Nobody:
          await this.#wait();
          break;
        case AcceptFailure.Short:
          // In the form of the runtime's errors.
          throw new Error(`accept failed (os error ${-fd})`);
        case AcceptFailure.Broken:
          throw new Deno.errors.BadResource("The socket does not listen");
        case AcceptFailure.ClientGone:
          throw new Deno.errors.ConnectionAborted("The client disconnected");
      }
    }
    throw new Deno.errors.BadResource("The listener is closed");
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    signalEventFd(this.#stop);
    if (!this.#isWaiting) this.#free();
  }

  async #wait(): Promise<void> {
    this.#isWaiting = true;
    await untilReadable(this.#socket.fd, this.#stop);
    this.#isWaiting = false;
    if (this.#isClosed) this.#free();
  }

  #free(): void {
    this.#socket.close();
    close(this.#stop);
  }
}
