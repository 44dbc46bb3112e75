/**
 * Time in ticks, for timeouts of peers. Time in which the thread was too busy to read does not
 * count, because the peers' bytes may wait in the kernel.
 */
import { type Clock, systemClock } from "../../system/clock.ts";

/** Most ticks that one advance may count. */
const MAX_STEP = 2;

/**
 * An advance is late after this many ticks: a thread that has to wait for a CPU does get turns, but
 * each is too short to receive everything.
 */
const LATE_GAP = 1.4;

/** How many ticks after a late one the thread counts as late: as long as peers may be idle. */
const LATE_TICKS = 20;

/** The value of `lateTick` before there was a late tick. */
export const NEVER_LATE = -LATE_TICKS;

/** Whether the thread was late shortly before `tick`, if its last late tick was `lateTick`. */
export function isLateAt(tick: number, lateTick: number): boolean {
  return tick - lateTick < LATE_TICKS;
}

/** A clock that has to be advanced about once a tick. */
export class TickClock {
  /** Ticks counted so far. */
  tick = 0;
  /** The last tick that was late. */
  lateTick = NEVER_LATE;
  readonly #tickMs: number;
  readonly #time: Pick<Clock, "nowMs">;
  #startMs = 0;
  /** When it was last advanced. */
  #seenMs = 0;

  constructor(tickMs: number, time: Pick<Clock, "nowMs"> = systemClock) {
    this.#tickMs = tickMs;
    this.#time = time;
  }

  /** Starts or resumes, at the present tick. */
  start(): void {
    this.#seenMs = this.#time.nowMs();
    this.#startMs = this.#seenMs - this.tick * this.#tickMs;
  }

  /** Time until the next tick, in ms, rounded up. */
  get untilTickMs(): number {
    const dueMs = this.#startMs + (this.tick + 1) * this.#tickMs;
    return Math.max(0, Math.ceil(dueMs - this.#time.nowMs()));
  }

  /** Counts the time since the last call. @returns the tick */
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
