/** When connections time out: the interface between them and the keeper of their deadlines. */

/** Something that can time out. */
export interface Timed {
  /** Tick from which on `onTimeout` is due; `NEVER` for none. Set by `Deadlines.set`. */
  deadlineTick: number;
  /** The entry's place with its keeper, or -1. Only the keeper uses it. */
  wheelSlot: number;
  /** Must not throw, because other entries are due at the same tick. */
  onTimeout(): void;
}

/** A deadline that never comes; a small integer, so that V8 allocates no number for it. */
export const NEVER = 0x3fffffff;

/** A point in time on the clock of the deadlines. */
export class Moment {
  readonly #tick: number;
  readonly #tickMs: number;
  readonly #untilTickMs: number;

  /**
   * @param tick the present tick
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
  /** Whether the thread was busy for too long recently, so that what peers sent may be unread. */
  readonly isLate: boolean;
  /** Adds `entry`, without a deadline. */
  add(entry: Timed): void;
  /** Removes `entry`. */
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
