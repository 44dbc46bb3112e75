/**
 * The driver over a descriptor that a poller watches: it tries each operation, and tries again when
 * the descriptor is ready.
 *
 * The watched events change as rarely as possible, because each change may be a system call. So a
 * connection that sends its answers at once is watched for reading all the time. Only when input
 * arrives that it cannot use yet (because it waits for a service, say) does watching stop.
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
  /** Asks to continue `driver` in the next turn, although no event will be reported. */
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
  /** Edge-triggered: the last receive emptied the socket. */
  #isDrained = false;
  /** Edge-triggered: the peer's FIN has arrived. */
  #hasPeerEnd = false;
  #isClosed = false;
  /**
   * Where input was last received, and a cached pointer to it: most input is received at the same
   * place.
   */
  #inputStart = -1;
  #inputPointer: Pointer | undefined;

  constructor(context: DescriptorContext, fd: number) {
    super(context.loop);
    this.#context = context;
    this.#fd = fd;
    this.#cork = context.cork ? new Cork(fd, context.counts) : undefined;
  }

  /** Serves the descriptor, which is already watched for `watched`. */
  start(connection: Connection, watched: number): void {
    this.connection = connection;
    this.#watched = watched;
    this.advance(connection.start());
  }

  /** Reuses this object for a new descriptor, all of whose input will be reported. */
  protected renew(fd: number): void {
    this.#fd = fd;
    this.#cork?.moveTo(fd, false);
    this.#wanted = Interest.None;
    this.#isDrained = true;
    this.#hasPeerEnd = this.#isClosed = false;
  }

  /** The state that another thread needs to continue with the descriptor, in one word. */
  get saved(): number {
    return this.#wanted | (this.#isDrained ? 1 << 8 : 0) | (this.#hasPeerEnd ? 1 << 9 : 0) |
      (this.#cork?.isSet ? 1 << 10 : 0);
  }

  /** Continues with a descriptor whose state another thread has `saved`. */
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

  /** The events of its socket that the connection waits for. */
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

  /** Continues what the previous turn left over: see `DescriptorContext.again`. */
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
      // A FIN that arrived with the last bytes causes no further event.
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
    // Only the interest in writing is reset: the connection may wait for input, too.
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

  /** After a large part of a file, other connections have their turn before the next part. */
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
      // This comes first: once the descriptor is closed, another thread may get its number.
      closed(this.#fd, this);
      close(this.#fd);
    }
    if (!this.connection.isAwaiting) this.connection.end();
  }
}
