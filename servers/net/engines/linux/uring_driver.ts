/**
 * The driver over io_uring: it submits operations to the kernel, and handles their completions.
 *
 * A connection receives all the time (multishot), into buffers of the thread that the kernel
 * chooses when there is something, so that idle ones hold no buffer. Input that arrives before the
 * connection wants it is kept, and receiving is cancelled, so that a peer that is not read from
 * fills at most the few buffers that were already in flight.
 */
import { Errno } from "../../../../system/linux/errno.ts";
import type { BufferRing } from "../../../../system/linux/io_uring/buffer_ring.ts";
import type { IoUring } from "../../../../system/linux/io_uring/io_uring.ts";
import { bufferId, CompletionFlag } from "../../../../system/linux/io_uring/structs.ts";
import { addressOf } from "../../../../system/linux/memory.ts";
import { close, MSG_DONTWAIT, Shutdown, shutdown } from "../../../../system/linux/socket.ts";
import type { Core } from "../../../../core/mod.ts";
import type { Connection } from "../../connection.ts";
import { Want } from "../../driver.ts";
import type { CallCounts } from "./call_counts.ts";
import { Cork } from "./cork.ts";
import type { EventLoop } from "./event_loop.ts";
import { LoopDriver } from "./loop_driver.ts";
import { fileFault, sendFilePart } from "./send_file.ts";
import { peerFault } from "./peer_fault.ts";

/** The kind of an operation, in the upper bits of its `user_data`. */
export const enum Kind {
  Receive = 0,
  Send = 1,
  Cancel = 2,
  /** These operations do not belong to a connection. */
  Accept = 3,
  Wake = 4,
  CancelAccept = 5,
  /** A connection's wait for room to send. */
  Room = 6,
  Tick = 7,
}

/**
 * Position of the kind in the upper word of `user_data`; the bits below it are the descriptor's
 * generation.
 */
export const KIND_SHIFT = 28;
export const GENERATIONS = 1 << KIND_SHIFT;

/**
 * Output up to this size, in bytes, is sent without waiting for room if the connection then only
 * waits for its peer. The send thus completes when it is submitted, and the thread need not wake up
 * for its completion. So little output finds room, unless the peer has left much more unread; in
 * that case the rest may wait for a tick.
 */
const QUICK_BYTES = 1 << 12;

/** What the drivers of one thread share. */
export interface UringContext {
  core: Core;
  ring: IoUring;
  buffers: BufferRing;
  loop: EventLoop;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  counts: CallCounts;
  /** Sends of this turn that complete at once and whose completions need no action. */
  quickSends: number;
  /** Has `retry` called in the next turn, because the kernel accepted no operation now. */
  again(retry: () => void): void;
  /** The socket `fd` is closed. */
  closed(fd: number): void;
}

/** Bytes of a buffer that the connection has not taken yet. */
interface Kept {
  buffer: number;
  start: number;
  length: number;
}

/** A descriptor with its connection. */
export class UringDriver extends LoopDriver {
  readonly #context: UringContext;
  readonly #fd: number;
  readonly #cork: Cork | undefined;
  /**
   * Distinguishes this connection's completions from those of the next one on the same descriptor.
   */
  readonly generation: number;
  /** Operations that use the descriptor, the block or a view. */
  #inFlight = 0;
  /** Whether the multishot receive is in flight. */
  #isArmed = false;
  #isCancelling = false;
  /** Whether a receive straight into the block is in flight, because no buffer was left. */
  #isDirect = false;
  /** Whether the connection wants to receive. */
  #isWanting = false;
  /** Input that arrived before it was wanted. */
  #kept: Kept[] | undefined;
  /** The result that ended receiving: 0 for the peer's FIN, or -errno; 1 while it goes on. */
  #end = 1;
  /** Keeps bytes outside of the core's memory reachable while they are sent. */
  #sending: Uint8Array | undefined;
  #isClosed = false;
  /** The descriptor is closed, and its number may already be in use again. */
  #isGone = false;

  constructor(context: UringContext, fd: number, generation: number) {
    super(context.loop);
    this.#context = context;
    this.#fd = fd;
    this.#cork = context.cork ? new Cork(fd, context.counts) : undefined;
    this.generation = generation;
  }

  get fd(): number {
    return this.#fd;
  }

  start(connection: Connection): void {
    this.connection = connection;
    this.advance(connection.start());
  }

  protected carryOut(want: Want): void {
    for (;;) {
      switch (want) {
        case Want.Receive:
          this.#cork?.set(false);
          this.#isWanting = true;
          want = this.#deliver();
          break;
        case Want.Send:
          return this.#send();
        case Want.FinishWrite:
          ++this.#context.counts.calls;
          // If this fails, the connection has ended already.
          shutdown(this.#fd, Shutdown.Write);
          want = this.connection.finished();
          break;
        case Want.Await:
          return;
        case Want.Close:
          return this.#close();
      }
    }
  }

  /** An operation has completed. */
  completed(kind: Kind, result: number, flags: number): void {
    switch (kind) {
      case Kind.Receive:
        this.#received(result, flags);
        break;
      case Kind.Send:
        --this.#inFlight;
        this.#sending = undefined;
        if (this.#isClosed) break;
        if (result === -Errno.EAGAIN) return this.#awaitRoom();
        this.advance(
          result >= 0
            ? this.connection.sent(result)
            : this.connection.failed(peerFault("send", result)),
        );
        return;
      case Kind.Room:
        --this.#inFlight;
        // The next send reports any error.
        if (!this.#isClosed) return this.advance(Want.Send);
        break;
      case Kind.Cancel:
        --this.#inFlight;
    }
    if (this.#isClosed) this.#close();
  }

  #received(result: number, flags: number): void {
    const { buffers } = this.#context;
    if ((flags & CompletionFlag.More) === 0) {
      --this.#inFlight;
      this.#isArmed = this.#isCancelling = false;
    }
    const wasDirect = this.#isDirect;
    this.#isDirect = false;
    const hasBuffer = (flags & CompletionFlag.Buffer) !== 0;
    if (this.#isClosed) {
      if (hasBuffer) buffers.give(bufferId(flags));
      return;
    }
    if (wasDirect && result > 0) {
      this.#isWanting = false;
      return this.advance(this.connection.received(result));
    }
    if (result > 0 && this.#isWanting && this.#kept === undefined) {
      const id = bufferId(flags);
      const count = this.#take(buffers.offset(id), result);
      if (count === result) buffers.give(id);
      else this.#keep({ buffer: id, start: count, length: result - count });
      return this.advance(this.connection.received(count));
    }
    if (result > 0) {
      this.#keep({ buffer: bufferId(flags), start: 0, length: result });
    } else {
      if (hasBuffer) buffers.give(bufferId(flags));
      if (result === -Errno.ENOBUFS) return this.#receiveDirectly();
      // Cancelled by this driver, or interrupted by a signal: it is armed again when input is next
      // wanted.
      if (result !== -Errno.ECANCELED && result !== -Errno.EINTR) this.#end = result;
    }
    if (this.#isWanting) this.advance(this.#deliver());
    else if (result > 0) this.#cancelReceive();
  }

  #keep(kept: Kept): void {
    if (this.#kept === undefined) this.#kept = [kept];
    else this.#kept.push(kept);
  }

  /** Copies up to `length` bytes at `from` into the block. @returns how many, at least one */
  #take(from: number, length: number): number {
    const { core } = this.#context;
    const { conn } = this.connection;
    const count = Math.min(core.makeRoom(conn), length);
    core.bytes.copyWithin(core.inputStart(conn), from, from + count);
    this.#isWanting = false;
    return count;
  }

  /** Hands over received input, or starts to receive. */
  #deliver(): Want {
    const kept = this.#kept;
    if (kept !== undefined) {
      const { buffers } = this.#context;
      const first = kept[0];
      const count = this.#take(buffers.offset(first.buffer) + first.start, first.length);
      first.start += count;
      first.length -= count;
      if (first.length === 0) {
        buffers.give(first.buffer);
        if (kept.length === 1) this.#kept = undefined;
        else kept.shift();
      }
      return this.connection.received(count);
    }
    if (this.#end <= 0) {
      this.#isWanting = false;
      return this.#end === 0
        ? this.connection.received(0)
        : this.connection.failed(peerFault("recv", this.#end));
    }
    if (!this.#isArmed && !this.#isDirect) this.#arm();
    return Want.Await;
  }

  #arm(): void {
    const { ring, buffers } = this.#context;
    const result = ring.recvMultishot(this.#fd, buffers.group, this.#fd, this.#user(Kind.Receive));
    if (result < 0) return this.#retry(Want.Receive);
    this.#isArmed = true;
    ++this.#inFlight;
  }

  /** Receives into the block, because other connections hold all buffers. */
  #receiveDirectly(): void {
    if (!this.#isWanting) return;
    const { core, ring } = this.#context;
    const { conn } = this.connection;
    const room = core.makeRoom(conn);
    const start = core.inputStart(conn);
    const result = ring.recv(this.#fd, start, room, this.#fd, this.#user(Kind.Receive));
    if (result < 0) return this.#retry(Want.Receive);
    this.#isDirect = true;
    ++this.#inFlight;
  }

  #cancelReceive(): void {
    if (!this.#isArmed || this.#isCancelling) return;
    const { ring } = this.#context;
    const user = this.#user(Kind.Receive);
    if (ring.cancel(this.#fd, user, this.#fd, this.#user(Kind.Cancel)) < 0) return;
    this.#isCancelling = true;
    ++this.#inFlight;
  }

  #send(): void {
    const { ring } = this.#context;
    const { outStart, outLength, outFile } = this.connection;
    this.#cork?.set(true);
    if (outFile >= 0) return this.#sendFile();
    let start = outStart;
    if (start < 0) {
      this.#sending = this.connection.output;
      start = addressOf(this.#sending) - ring.addressAt(0);
    }
    // All input was delivered, and further input will cause a completion.
    const isQuick = outLength <= QUICK_BYTES && this.#isArmed && !this.#isCancelling &&
      this.#kept === undefined && this.#end > 0 && this.connection.awaitsPeerNext;
    const flags = isQuick ? MSG_DONTWAIT : 0;
    const result = ring.send(this.#fd, start, outLength, this.#fd, this.#user(Kind.Send), flags);
    if (result < 0) return this.#retry(Want.Send);
    if (isQuick) ++this.#context.quickSends;
    ++this.#inFlight;
  }

  /** Uses sendfile(2) and then waits for room, as io_uring has no such operation. */
  #sendFile(): void {
    const { counts } = this.#context;
    const connection = this.connection;
    ++counts.calls;
    const count = sendFilePart(this.#fd, connection);
    if (count === -Errno.EAGAIN) return this.#awaitRoom();
    if (count < 0 && count !== -Errno.EINTR) {
      return this.advance(connection.failed(fileFault(count)));
    }
    if (count === 0) return this.advance(connection.fileEnded());
    const want = count > 0 ? connection.sent(count) : Want.Send;
    // Other connections have their turn before the next part.
    if (want === Want.Send) return this.#retry(want);
    this.advance(want);
  }

  /** Waits for room, then sends. */
  #awaitRoom(): void {
    const user = this.#user(Kind.Room);
    if (this.#context.ring.pollWritable(this.#fd, this.#fd, user) < 0) {
      return this.#retry(Want.Send);
    }
    ++this.#inFlight;
  }

  #retry(want: Want): void {
    this.#context.again(() => {
      try {
        if (!this.#isClosed) this.advance(want);
      } catch (error) {
        this.broken(error);
      }
    });
  }

  #user(kind: Kind): number {
    return this.generation | kind << KIND_SHIFT;
  }

  #close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      for (const { buffer } of this.#kept ?? []) this.#context.buffers.give(buffer);
      this.#kept = undefined;
      // This ends all operations in flight.
      if (this.#inFlight > 0) shutdown(this.#fd, Shutdown.Both);
    }
    if (this.#isGone || this.#inFlight > 0 || this.connection.isAwaiting) return;
    this.#isGone = true;
    ++this.#context.counts.calls;
    close(this.#fd);
    this.#context.closed(this.#fd);
    this.connection.end();
  }
}
