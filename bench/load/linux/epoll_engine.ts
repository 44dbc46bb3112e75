/** The engine `epoll`: edge-triggered, so that watching a connection takes only one call. */
import type { Address } from "../../../system/address.ts";
import { Errno } from "../../../system/linux/errno.ts";
import { SystemError } from "../../../system/linux/libc.ts";
import { MemoryPointers, type Pointer } from "../../../system/linux/memory.ts";
import { EpollPoller } from "../../../system/linux/pollers/epoll.ts";
import { Interest } from "../../../system/linux/pollers/poller.ts";
import { recv, send } from "../../../system/linux/socket.ts";
import type { OpenSocket, SocketEvents } from "../socket.ts";
import { BlockingLoop } from "./blocking_loop.ts";
import { DescriptorSocket, encodeAddress } from "./descriptor_socket.ts";
import type { EngineMemory } from "./memory.ts";

export class EpollEngine extends BlockingLoop {
  readonly poller = new EpollPoller({ trigger: "edge" });
  readonly inputs: MemoryPointers;
  readonly outputs: MemoryPointers;
  /** By descriptor. */
  readonly sockets: (EpollSocket | undefined)[] = [];
  readonly #addresses = new Map<Address, Uint8Array<ArrayBuffer>>();

  /** @throws {SystemError} EMFILE, ENFILE, ENOMEM */
  constructor({ input, output }: EngineMemory) {
    super();
    this.inputs = new MemoryPointers(input);
    this.outputs = input === output ? this.inputs : new MemoryPointers(output);
  }

  readonly open: OpenSocket = (target, input, events) => {
    let address = this.#addresses.get(target);
    if (address === undefined) this.#addresses.set(target, address = encodeAddress(target));
    const socket = new EpollSocket(this, address, input, events);
    socket.connect();
    return socket;
  };

  close(): void {
    this.poller.close();
  }

  protected turn(timeoutMs: number, isPrecise: boolean): void {
    const { poller, sockets } = this;
    const count = isPrecise && timeoutMs > 0
      ? poller.waitPrecisely(timeoutMs)
      : poller.wait(Math.ceil(timeoutMs));
    if (count < 0) throw new SystemError("epoll_wait", -count);
    for (let i = 0; i < count; ++i) sockets[poller.fd(i)]?.happened(poller.events(i));
  }
}

class EpollSocket extends DescriptorSocket {
  readonly #engine: EpollEngine;
  readonly #input: Pointer;
  readonly #room: number;
  /** Bytes to write for which the kernel has had no room. */
  #bytes: Uint8Array | undefined;
  #sent = 0;
  #isWatched = false;
  /** Whether the peer's FIN has arrived, which is reported only once. */
  #hasPeerEnd = false;

  constructor(
    engine: EpollEngine,
    address: Uint8Array<ArrayBuffer>,
    input: Uint8Array,
    events: SocketEvents,
  ) {
    super(engine, address, events);
    this.#engine = engine;
    this.#input = engine.inputs.at(input.byteOffset);
    this.#room = input.length;
  }

  write(bytes: Uint8Array): void {
    this.beforeWrite(bytes.length);
    this.#bytes = bytes;
    this.#sent = 0;
    this.#send();
  }

  override resume(): void {
    super.resume();
    if (!this.isClosed) this.#receive(Interest.Read);
  }

  /** Handles {@linkcode Interest} bits. */
  happened(interest: number): void {
    if (!this.isOpen) return this.connected();
    if ((interest & Interest.PeerEnd) !== 0) this.#hasPeerEnd = true;
    if (this.isWriting && (interest & Interest.Write) !== 0) {
      this.#send();
      if (!this.isWriting) {
        this.events.sent();
        if (this.isClosed) return;
      }
    }
    if ((interest & Interest.Read) !== 0) this.#receive(interest);
  }

  protected watch(isConnecting: boolean): void {
    const { poller, sockets } = this.#engine;
    const interest = isConnecting ? Interest.Write : Interest.Read;
    sockets[this.fd] = this;
    const result = this.#isWatched
      ? poller.change(this.fd, interest)
      : poller.add(this.fd, interest);
    this.#isWatched = true;
    if (result < 0) throw new SystemError("epoll_ctl", -result);
  }

  protected release(): void {
    // Closing also removes it from the poller.
    this.#engine.sockets[this.fd] = undefined;
  }

  #send(): void {
    const bytes = this.#bytes!;
    const left = bytes.length - this.#sent;
    const from = this.#engine.outputs.at(bytes.byteOffset + this.#sent);
    const result = send(this.fd, from, left, 0);
    if (result === left) {
      this.isWriting = false;
      return;
    }
    if (result < 0 && result !== -Errno.EAGAIN && result !== -Errno.EINTR) {
      return this.failSoon(-result);
    }
    if (result > 0) this.#sent += result;
    if (this.isWriting) return;
    this.isWriting = true;
    this.#engine.poller.change(this.fd, Interest.Read | Interest.Write);
  }

  /**
   * Receives once; anything left is received in the next turn, so that other sockets have theirs.
   */
  #receive(interest: number): void {
    const result = recv(this.fd, this.#input, this.#room, 0);
    if (result <= 0) {
      if (result === 0) this.end();
      else if (result === -Errno.EINTR) this.#engine.soon(this);
      else if (result !== -Errno.EAGAIN) this.fail(-result);
      return;
    }
    this.events.received(result);
    if (this.isClosed) return;
    if (result === this.#room) return this.#engine.soon(this);
    if (!this.#hasPeerEnd) return;
    // If all was received, only the FIN follows; an error would also be reported as writable.
    if (interest === (Interest.Read | Interest.PeerEnd) && !this.isWriting) this.end();
    else this.#engine.soon(this);
  }
}
