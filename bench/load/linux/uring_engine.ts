/**
 * The engine `io_uring`: the sends and receives of a turn are submitted by the system call that
 * waits for the next turn.
 */
import type { Address } from "../../../system/address.ts";
import { Errno } from "../../../system/linux/errno.ts";
import { IoUring } from "../../../system/linux/io_uring/io_uring.ts";
import { CompletionFlag } from "../../../system/linux/io_uring/structs.ts";
import { SystemError } from "../../../system/linux/libc.ts";
import { addressOf } from "../../../system/linux/memory.ts";
import { MSG_WAITALL } from "../../../system/linux/socket.ts";
import type { OpenSocket, SocketEvents } from "../socket.ts";
import { BlockingLoop } from "./blocking_loop.ts";
import { DescriptorSocket, encodeAddress } from "./descriptor_socket.ts";
import type { EngineMemory } from "./memory.ts";

/** Entries of the queues. What does not fit is submitted early, or waits in the kernel. */
const ENTRIES = 4096;
const COMPLETIONS = 16_384;

/** The kind of an operation, in the upper bits of its `user_data`. */
const enum Kind {
  Receive = 0,
  Send = 1,
  Cancel = 2,
  /** An attempt to connect has ended. */
  Connect = 3,
}

/**
 * Position of the kind in the upper word of `user_data`; the bits below it are the descriptor's
 * generation.
 */
const KIND_SHIFT = 28;
const GENERATIONS = 1 << KIND_SHIFT;

/**
 * A write up to this size, in bytes, fits into an empty send buffer, so that its completion need
 * not be awaited.
 */
const SILENT_BYTES = 16_384;

export class UringEngine extends BlockingLoop {
  readonly ring: IoUring;
  /** Distance in bytes from the input memory to the output memory. */
  readonly outputDistance: number;
  /** By descriptor. */
  readonly sockets: (UringSocket | undefined)[] = [];
  /** Kept reachable, because the kernel uses its address. */
  readonly output: Uint8Array<ArrayBufferLike>;
  readonly #addresses = new Map<Address, Uint8Array<ArrayBuffer>>();
  #generation = 0;

  /** @throws {SystemError} when the kernel refuses what it needs */
  constructor({ input, output }: EngineMemory) {
    super();
    this.ring = new IoUring({ entries: ENTRIES, completions: COMPLETIONS, memory: input });
    this.outputDistance = addressOf(output) - output.byteOffset - this.ring.addressAt(0);
    this.output = output;
  }

  readonly open: OpenSocket = (target, input, events) => {
    let address = this.#addresses.get(target);
    if (address === undefined) this.#addresses.set(target, address = encodeAddress(target));
    this.#generation = this.#generation + 1 & GENERATIONS - 1;
    const socket = new UringSocket(this, { address, input, events, generation: this.#generation });
    socket.connect();
    return socket;
  };

  close(): void {
    this.ring.close();
  }

  protected turn(timeoutMs: number): void {
    const { ring, sockets } = this;
    const count = ring.enter(timeoutMs === 0 ? 0 : 1, timeoutMs);
    if (count < 0 && count !== -Errno.EAGAIN && count !== -Errno.EBUSY) {
      throw new SystemError("io_uring_enter", -count);
    }
    for (let i = 0; i < count; ++i) {
      const high = ring.userHigh(i);
      const socket = sockets[ring.userLow(i)];
      // An operation may complete after its connection was closed.
      if (socket === undefined || socket.generation !== (high & GENERATIONS - 1)) continue;
      socket.completed(high >>> KIND_SHIFT, ring.result(i), ring.flags(i));
    }
    if (count > 0) ring.seen(count);
  }
}

class UringSocket extends DescriptorSocket {
  /**
   * Distinguishes this connection's completions from those of the next one on the same descriptor.
   */
  readonly generation: number;
  readonly #engine: UringEngine;
  readonly #start: number;
  readonly #room: number;
  /** The operations that are in flight. */
  #isReceiving = false;
  #isConnecting = false;
  #written = 0;

  constructor(engine: UringEngine, { address, input, events, generation }: {
    address: Uint8Array<ArrayBuffer>;
    input: Uint8Array;
    events: SocketEvents;
    generation: number;
  }) {
    super(engine, address, events);
    this.#engine = engine;
    this.#start = input.byteOffset;
    this.#room = input.length;
    this.generation = generation;
  }

  write(bytes: Uint8Array): void {
    const { length } = bytes;
    this.beforeWrite(length);
    this.isWriting = length > SILENT_BYTES;
    this.#written = length;
    const { ring, outputDistance } = this.#engine;
    const from = bytes.byteOffset + outputDistance;
    const user = this.#user(Kind.Send);
    submitted(ring.send(this.fd, from, length, this.fd, user, MSG_WAITALL, !this.isWriting));
  }

  /** An operation has completed. */
  completed(kind: Kind, result: number, flags: number): void {
    switch (kind) {
      case Kind.Receive:
        return this.#received(result, flags);
      case Kind.Send:
        if (result !== this.#written) return this.fail(result < 0 ? -result : Errno.EPIPE);
        this.isWriting = false;
        return this.events.sent();
      case Kind.Connect:
        this.#isConnecting = false;
        return this.connected();
    }
  }

  protected watch(isConnecting: boolean): void {
    const { ring, sockets } = this.#engine;
    sockets[this.fd] = this;
    if (isConnecting) {
      this.#isConnecting = true;
      submitted(ring.pollWritable(this.fd, this.fd, this.#user(Kind.Connect)));
    } else this.#receive(true);
  }

  protected release(): void {
    this.#engine.sockets[this.fd] = undefined;
    // Pending operations keep the socket open, and the receive would write into the next
    // connection's input.
    if (this.#isReceiving) this.#cancel(Kind.Receive);
    if (this.#isConnecting) this.#cancel(Kind.Connect);
    if (this.isWriting) this.#cancel(Kind.Send);
  }

  #receive(waitsFirst: boolean): void {
    this.#isReceiving = true;
    const { ring } = this.#engine;
    const user = this.#user(Kind.Receive);
    submitted(ring.recv(this.fd, this.#start, this.#room, this.fd, user, waitsFirst));
  }

  #received(result: number, flags: number): void {
    this.#isReceiving = false;
    if (result === 0) return this.end();
    if (result < 0 && result !== -Errno.EINTR) return this.fail(-result);
    if (result > 0) this.events.received(result);
    if (!this.isClosed) this.#receive((flags & CompletionFlag.SocketNonempty) === 0);
  }

  #cancel(kind: Kind): void {
    const { ring } = this.#engine;
    submitted(ring.cancel(this.fd, this.#user(kind), this.fd, this.#user(Kind.Cancel)));
  }

  #user(kind: Kind): number {
    return this.generation | kind << KIND_SHIFT;
  }
}

/** @throws {SystemError} when the kernel accepts no operation, because it is out of memory */
function submitted(result: number): void {
  if (result < 0) throw new SystemError("io_uring_enter", -result);
}
