/**
 * The driver of a thread that has one connection: it blocks in recv(2) and send(2), as a kernel
 * thread does.
 *
 * The socket's timeouts let it out of them once a tick, so that the connection's own timeouts come,
 * and so that the thread sees when its server drains.
 */
import { Errno } from "../../../../system/linux/errno.ts";
import type { MemoryPointers } from "../../../../system/linux/memory.ts";
import {
  recv,
  setReceiveTimeout,
  setSendTimeout,
  Shutdown,
  shutdown,
} from "../../../../system/linux/socket.ts";
import type { Core } from "../../../../core/mod.ts";
import type { Connection } from "../../connection.ts";
import { type Driver, Want } from "../../driver.ts";
import type { Effect } from "../../service.ts";
import type { TimerWheel } from "../../timer_wheel.ts";
import { Cork } from "./cork.ts";
import { peerFault } from "./peer_fault.ts";
import { sendFault, sendOutput } from "./send_output.ts";

/** What the driver works with. */
export interface BlockingContext {
  core: Core;
  pointers: MemoryPointers;
  /** Turned by this driver. */
  wheel: TimerWheel;
  tickMs: number;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  /** Called when something has come, before the connection is told. */
  onInput(): void;
  /** Called whenever something has happened, at least once a tick unless a service works. */
  onTurn(): void;
}

/** A blocking descriptor with its connection. Whoever made the descriptor closes it. */
export class BlockingDriver implements Driver {
  readonly sendsFiles = true;
  readonly #context: BlockingContext;
  readonly #fd: number;
  readonly #cork: Cork | undefined;
  #connection!: Connection;
  #wantsInput = false;
  #isClosed = false;
  #isOver = false;
  /** Resolves when a service has answered. */
  #answered = Promise.withResolvers<void>();

  constructor(context: BlockingContext, fd: number) {
    this.#context = context;
    this.#fd = fd;
    this.#cork = context.cork ? new Cork(fd) : undefined;
  }

  /** Serves `connection` to its end. */
  async serve(connection: Connection): Promise<void> {
    const { tickMs, onTurn } = this.#context;
    this.#connection = connection;
    // An error would show at the first receive.
    setReceiveTimeout(this.#fd, tickMs);
    setSendTimeout(this.#fd, tickMs);
    this.advance(connection.start());
    while (!this.#isOver) {
      if (this.#wantsInput) this.#receive();
      else await this.#answered.promise;
      this.#context.wheel.turnIfDue();
      onTurn();
    }
  }

  /** Its thread crashes: nothing touches the descriptor any more, which the owner closes. */
  abandon(): void {
    this.#isClosed = this.#isOver = true;
    this.#wantsInput = false;
  }

  advance(want: Want): void {
    if (this.#isOver) return;
    for (;;) {
      switch (want) {
        case Want.Receive:
          this.#cork?.set(false);
          this.#wantsInput = true;
          return;
        case Want.Send:
          want = this.#send();
          break;
        case Want.FinishWrite:
          // What fails has ended already.
          shutdown(this.#fd, Shutdown.Write);
          want = this.#connection.finished();
          break;
        case Want.Await:
          return;
        case Want.Close:
          return this.#close();
      }
    }
  }

  await(effect: Promise<Effect>): void {
    this.#answered = Promise.withResolvers();
    effect.then(
      (effect) => this.advance(this.#connection.resumed(effect)),
      (error) => this.advance(this.#connection.rejected(error)),
    ).finally(this.#answered.resolve);
  }

  #receive(): void {
    const { core, pointers } = this.#context;
    const { conn } = this.#connection;
    const room = core.makeRoom(conn);
    const count = recv(this.#fd, pointers.at(core.inputStart(conn)), room, 0);
    // A tick is over, or a signal came.
    if (count === -Errno.EAGAIN || count === -Errno.EINTR) return;
    this.#wantsInput = false;
    this.#context.onInput();
    this.advance(
      count >= 0
        ? this.#connection.received(count)
        : this.#connection.failed(peerFault("recv", count)),
    );
  }

  #send(): Want {
    const connection = this.#connection;
    const { pointers, wheel } = this.#context;
    this.#cork?.set(true);
    while (!this.#isClosed) {
      const count = sendOutput(this.#fd, connection, pointers);
      if (count === 0 && connection.outFile >= 0) return connection.fileEnded();
      if (count >= 0) return connection.sent(count);
      if (count === -Errno.EAGAIN || count === -Errno.EINTR) {
        // The time for sending may be over: then the connection is closed.
        wheel.turnIfDue();
        this.#context.onTurn();
      } else {
        return connection.failed(sendFault(connection, count));
      }
    }
    return Want.Close;
  }

  #close(): void {
    this.#isClosed = true;
    this.#wantsInput = false;
    if (this.#isOver || this.#connection.isAwaiting) return;
    this.#isOver = true;
    this.#connection.end();
    this.#answered.resolve();
  }
}
