/**
 * The driver of a thread that has one connection: it blocks in recv(2) and send(2), as a kernel
 * thread does.
 *
 * Socket timeouts make these calls return once a tick, so that the connection's own timeouts fire
 * and the thread notices when its server drains.
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
  /** This driver turns it. */
  wheel: TimerWheel;
  tickMs: number;
  /** TCP_CORK: see `SendOptions`. */
  cork: boolean;
  /** Called when input has arrived, before the connection handles it. */
  onInput(): void;
  /** Called after each event, and at least once a tick unless a service is at work. */
  onTurn(): void;
}

/** A blocking descriptor with its connection. Its creator closes the descriptor. */
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
    // Errors are ignored here: they would show at the first receive.
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

  /**
   * To be called when its thread crashes: the descriptor, which the owner closes, is not used any
   * more.
   */
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
          // If this fails, the connection has ended already.
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
    // A tick is over, or a signal arrived.
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
        // Closes the connection if its write timeout has expired.
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
