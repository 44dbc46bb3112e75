/**
 * Time in ticks, as far as it counts against peers: time in which the thread was busy does not, as
 * their bytes may wait in the kernel.
 */
import { type Clock, systemClock } from "../../system/clock.ts";

/** Ticks that one look at the clock may count. */
const MAX_STEP = 2;

/**
 * A look is late that comes after so many ticks: a thread that waits for a CPU has turns, and in each
 * too little time to receive everything.
 */
const LATE_GAP = 1.4;

/** For so many ticks after a late one the thread counts as late: as long as peers may be idle. */
const LATE_TICKS = 20;

/** Before there was a late tick. */
export const NEVER_LATE = -LATE_TICKS;

/** Whether the thread was late a short time before `tick`, when it was at `lateTick` last. */
export function isLateAt(tick: number, lateTick: number): boolean {
  return tick - lateTick < LATE_TICKS;
}

/** A clock that somebody looks at once a tick. */
export class TickClock {
  /** Ticks that were counted. */
  tick = 0;
  /** The last tick that was late. */
  lateTick = NEVER_LATE;
  readonly #tickMs: number;
  readonly #time: Pick<Clock, "nowMs">;
  #startMs = 0;
  /** When it was looked at last. */
  #seenMs = 0;

  constructor(tickMs: number, time: Pick<Clock, "nowMs"> = systemClock) {
    this.#tickMs = tickMs;
    this.#time = time;
  }

  /** Goes on from the tick at which it is. */
  start(): void {
    this.#seenMs = this.#time.nowMs();
    this.#startMs = this.#seenMs - this.tick * this.#tickMs;
  }

  /** Time until the next tick, in ms, rounded up. */
  get untilTickMs(): number {
    const dueMs = this.#startMs + (this.tick + 1) * this.#tickMs;
    return Math.max(0, Math.ceil(dueMs - this.#time.nowMs()));
  }

  /** Counts the time since the last look. @returns the tick */
  advance(): number {
    const nowMs = this.#time.nowMs();
    const tick = Math.floor((nowMs - this.#startMs) / this.#tickMs);
    const stall = Math.max(0, tick - this.tick - MAX_STEP);
    this.#startMs += stall * this.#tickMs;
    this.tick = tick - stall;
    if (nowMs - this.#seenMs > LATE_GAP * this.#tickMs) this.lateTick = this.tick;
    this.#seenMs = nowMs;
    return this.tick;
  }
}
