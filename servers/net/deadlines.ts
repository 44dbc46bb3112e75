/** When connections time out: what they ask of whoever keeps the time for them. */

/** What can time out: embedded in its owner. */
export interface Timed {
  /** Tick from which on `onTimeout` is due; `NEVER` for none. Set by `Deadlines.set`. */
  deadlineTick: number;
  /** The place of the entry with its keeper, -1 when it has none. The keeper's own. */
  wheelSlot: number;
  /** Must not throw, because other entries are due at the same tick. */
  onTimeout(): void;
}

/** A deadline that does not come; a small integer, which costs no memory of its own. */
export const NEVER = 0x3fffffff;

/** A time on the clock by which deadlines are kept. */
export class Moment {
  readonly #tick: number;
  readonly #tickMs: number;
  readonly #untilTickMs: number;

  /**
   * @param tick that is under way
   * @param untilTickMs time until the next tick
   */
  constructor(tick: number, { tickMs, untilTickMs }: { tickMs: number; untilTickMs: number }) {
    this.#tick = tick;
    this.#tickMs = tickMs;
    this.#untilTickMs = untilTickMs;
  }

  /** Time until `deadline`, a tick, in ms: 0 when it is due, -1 for `NEVER`. */
  untilMs(deadline: number): number {
    if (deadline === NEVER) return -1;
    const ticks = deadline - this.#tick - 1;
    return ticks < 0 ? 0 : ticks * this.#tickMs + this.#untilTickMs;
  }
}

/** Keeps deadlines, counted in ticks. */
export interface Deadlines {
  /** Whether the thread was busy for too long a short time ago: what peers sent may be unread. */
  readonly isLate: boolean;
  /** Takes `entry` in, without a deadline. */
  add(entry: Timed): void;
  /** Forgets `entry`. */
  remove(entry: Timed): void;
  /** Lets `entry` time out `delayMs` from now, 0 for never. */
  set(entry: Timed, delayMs: number): void;
  /** The tick that is `delayMs` from now; `NEVER` for 0. */
  deadlineAfter(delayMs: number): number;
  /** The time now. */
  readonly now: Moment;
  /** Lets `entry` time out at `deadline`, a tick. */
  setDeadline(entry: Timed, deadline: number): void;
}
