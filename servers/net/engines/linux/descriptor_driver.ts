/**
 * The driver over a descriptor that a poller watches: tries, and tries again when the descriptor is
 * ready.
 *
 * What is watched changes as seldom as possible, because each change may be a system call. So a
 * connection that sends its answer at once is watched for reading all the time, and only when
 * something comes that it does not want yet (it waits for a service, say) is it watched no more.
 */
import { Errno } from "../../../../system/linux/errno.ts";
import type { MemoryPointers, Pointer } from "../../../../system/linux/memory.ts";
import { Interest, type Poller } from "../../../../system/linux/pollers/poller.ts";
import { close, recv, Shutdown, shutdown } from "../../../../system/linux/socket.ts";
import type { Core } from "../../../../core/mod.ts";
import type { Connection } from "../../connection.ts";
import { Want } from "../../driver.ts";
import type { CallCounts } from "./call_counts.ts";
import { Cork } from "./cork.ts";
import { LoopDriver, type LoopHold } from "./loop_driver.ts";
import { FILE_PART } from "./send_file.ts";
import { sendFault, sendOutput } from "./send_output.ts";
import { peerFault } from "./peer_fault.ts";

/** What the drivers of one thread share. */
export interface DescriptorContext {
  core: Core;
  pointers: MemoryPointers;
  poller: Pick<Poller, "change" | "remove">;
  loop: LoopHold;
  /** Descriptors are reported only when they become ready (edge-triggered). */
  isEdge: boolean;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  counts: CallCounts;
  /** `driver` shall go on in the next turn, though no event will say so. */
  again(driver: DescriptorDriver): void;
  /** The socket `fd` of `driver` is about to be closed. */
  closed(fd: number, driver: DescriptorDriver): void;
}

/** A descriptor with its connection. */
export class DescriptorDriver extends LoopDriver {
  readonly #context: DescriptorContext;
  #fd: number;
  readonly #cork: Cork | undefined;
  /** What the poller watches. */
  #watched = Interest.None;
  /** What the connection waits for. */
  #wanted = Interest.None;
  /** Edge-triggered: nothing was left when something was received last. */
  #isDrained = false;
  /** Edge-triggered: the peer's FIN is there. */
  #hasPeerEnd = false;
  #isClosed = false;
  /** Where input was received last, which is where most is received, and a pointer to it. */
  #inputStart = -1;
  #inputPointer: Pointer | undefined;

  constructor(context: DescriptorContext, fd: number) {
    super(context.loop);
    this.#context = context;
    this.#fd = fd;
    this.#cork = context.cork ? new Cork(fd, context.counts) : undefined;
  }

  /** Serves the descriptor, which is watched for `watched` by now. */
  start(connection: Connection, watched: number): void {
    this.connection = connection;
    this.#watched = watched;
    this.advance(connection.start());
  }

  /** Stands for a new descriptor from now on, all of whose input will be reported. */
  protected renew(fd: number): void {
    this.#fd = fd;
    this.#cork?.moveTo(fd, false);
    this.#wanted = Interest.None;
    this.#isDrained = true;
    this.#hasPeerEnd = this.#isClosed = false;
  }

  /** What another thread needs to know to go on with the descriptor, in one word. */
  get saved(): number {
    return this.#wanted | (this.#isDrained ? 1 << 8 : 0) | (this.#hasPeerEnd ? 1 << 9 : 0) |
      (this.#cork?.isSet ? 1 << 10 : 0);
  }

  /** Goes on with the descriptor of which another thread has `saved` this. */
  protected restore(fd: number, saved: number): void {
    this.#fd = fd;
    this.#cork?.moveTo(fd, (saved & 1 << 10) !== 0);
    this.#wanted = saved & 255;
    this.#isDrained = (saved & 1 << 8) !== 0;
    this.#hasPeerEnd = (saved & 1 << 9) !== 0;
    this.#isClosed = false;
  }

  get fd(): number {
    return this.#fd;
  }

  /** What the connection waits for of its socket. */
  get wanted(): number {
    return this.#wanted;
  }

  /** The poller reports `events`. */
  ready(events: number): void {
    if (this.#isClosed) return;
    if (this.#context.isEdge) {
      if ((events & Interest.PeerEnd) !== 0) this.#hasPeerEnd = true;
      if ((events & Interest.Read) !== 0) this.#isDrained = false;
    }
    const due = events & this.#wanted;
    if ((due & Interest.Write) !== 0) this.advance(Want.Send);
    if ((due & this.#wanted & Interest.Read) !== 0) this.advance(this.#receive());
    else if (due === 0 && !this.#context.isEdge) this.#watch(this.#wanted);
  }

  /** What a turn before could not do any more: see `DescriptorContext.again`. */
  goOn(): void {
    if (this.#isClosed) return;
    if ((this.#wanted & Interest.Write) !== 0) this.advance(Want.Send);
    else if ((this.#wanted & Interest.Read) !== 0) this.advance(this.#receive());
  }

  protected carryOut(want: Want): void {
    for (;;) {
      switch (want) {
        case Want.Receive:
          this.#cork?.set(false);
          return this.#awaitInput();
        case Want.Send:
          want = this.#send();
          break;
        case Want.FinishWrite:
          ++this.#context.counts.calls;
          // What fails has ended already.
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

  #awaitInput(): void {
    this.#wanted |= Interest.Read;
    if (this.#context.isEdge) {
      if (!this.#isDrained) this.#context.again(this);
    } else this.#watch(this.#wanted);
  }

  #receive(): Want {
    this.#wanted &= ~Interest.Read;
    const { core, pointers, counts } = this.#context;
    const { conn } = this.connection;
    const room = core.makeRoom(conn);
    const start = core.inputStart(conn);
    if (start !== this.#inputStart) {
      this.#inputStart = start;
      this.#inputPointer = pointers.at(start);
    }
    ++counts.calls;
    const count = recv(this.#fd, this.#inputPointer!, room, 0);
    if (count >= 0) {
      // A FIN that came with the last bytes brings no other event.
      this.#isDrained = count < room && !this.#hasPeerEnd;
      return this.connection.received(count);
    }
    if (count === -Errno.EAGAIN) {
      this.#isDrained = true;
      this.#wanted |= Interest.Read;
      return Want.Await;
    }
    if (count === -Errno.EINTR) return Want.Receive;
    return this.connection.failed(peerFault("recv", count));
  }

  #send(): Want {
    // What it receives meanwhile is not this function's business: it may wait for input, too.
    this.#wanted &= ~Interest.Write;
    const { pointers, counts } = this.#context;
    const connection = this.connection;
    this.#cork?.set(true);
    for (;;) {
      const isFile = connection.outFile >= 0;
      ++counts.calls;
      const count = sendOutput(this.#fd, connection, pointers);
      if (isFile && count === 0) return connection.fileEnded();
      if (isFile && count === FILE_PART) return this.#pauseSending(connection.sent(count));
      if (count >= 0) return connection.sent(count);
      if (count === -Errno.EINTR) continue;
      if (count === -Errno.EAGAIN) return this.#awaitRoom();
      return connection.failed(sendFault(connection, count));
    }
  }

  /** A large part of a file was sent: others have their turn before the next one. */
  #pauseSending(want: Want): Want {
    if (want !== Want.Send) return want;
    if (!this.#context.isEdge) return this.#awaitRoom();
    this.#wanted |= Interest.Write;
    this.#context.again(this);
    return Want.Await;
  }

  #awaitRoom(): Want {
    this.#wanted |= Interest.Write;
    if (!this.#context.isEdge) this.#watch(this.#wanted);
    return Want.Await;
  }

  #watch(interest: Interest): void {
    if (this.#watched === interest) return;
    this.#watched = interest;
    ++this.#context.counts.calls;
    const result = this.#context.poller.change(this.#fd, interest);
    if (result < 0) this.advance(this.connection.failed(peerFault("watch", result)));
  }

  #close(): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#wanted = Interest.None;
      const { poller, counts, closed } = this.#context;
      counts.calls += 2;
      poller.remove(this.#fd);
      // Before: once it is closed, another thread may be given its number.
      closed(this.#fd, this);
      close(this.#fd);
    }
    if (!this.connection.isAwaiting) this.connection.end();
  }
}
