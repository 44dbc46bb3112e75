/**
 * The time of a loop that blocks its thread: a timer of the kernel turns the wheel, and the thread
 * waits without a time limit.
 */
import { drainEventFd } from "../../../../system/linux/eventfd.ts";
import { close } from "../../../../system/linux/socket.ts";
import { createTimerFd, startTimer, stopTimer } from "../../../../system/linux/timerfd.ts";
import type { TimerWheel } from "../../timer_wheel.ts";
import { type LoopClock, MAX_BLOCK_MS } from "./event_loop.ts";

/** A wheel with a timer, which runs while there is something on the wheel. */
export class Ticker implements LoopClock {
  /** A timerfd, readable when a tick is due; the loop that watches it then calls `ticked`. */
  readonly fd: number;
  readonly #wheel: TimerWheel;
  #isRunning = false;
  #hasTicked = false;

  /** @throws {SystemError} when no descriptor is left */
  constructor(wheel: TimerWheel) {
    this.#wheel = wheel;
    this.fd = createTimerFd();
  }

  untilDue(): number {
    const wheel = this.#wheel;
    if (!this.#isRunning && wheel.size > 0) {
      // Aligned with the wheel's ticks, to the millisecond.
      startTimer(this.fd, Math.max(1, wheel.untilTickMs), wheel.tickMs);
      this.#isRunning = true;
    }
    return this.#isRunning ? Infinity : MAX_BLOCK_MS;
  }

  /** The descriptor has become readable. */
  ticked(): void {
    drainEventFd(this.fd);
    this.#hasTicked = true;
  }

  turnIfDue(): boolean {
    if (!this.#hasTicked) return false;
    this.#hasTicked = false;
    if (this.#wheel.size === 0) {
      stopTimer(this.fd);
      this.#isRunning = false;
    }
    return this.#wheel.turnIfDue();
  }

  close(): void {
    close(this.fd);
  }
}
