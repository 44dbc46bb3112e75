/**
 * A coarse timer wheel (Varghese and Lauck, 1987): for timeouts that are set often and rarely
 * expire.
 *
 * Setting a timeout writes one number; the entry stays in the slot where it is. When the wheel
 * reaches the slot and the deadline has moved on, the entry moves to the slot of its deadline.
 * So a connection that exchanges a thousand messages a second costs no more than an idle one.
 */
import { type Deadlines, Moment, NEVER, type Timed } from "./deadlines.ts";
import { systemClock, type TimerId } from "../../system/clock.ts";
import { isLateAt, TickClock } from "./tick_clock.ts";

/** Slots of the wheel: with ticks of 250 ms, one revolution takes 16 s. */
const SLOTS = 64;

/** A wheel that turns while it has entries. */
export class TimerWheel implements Deadlines {
  /** Its resolution, in ms. */
  readonly tickMs: number;
  readonly #onTick: () => void;
  readonly #slots: Set<Timed>[] = Array.from({ length: SLOTS }, () => new Set());
  #size = 0;
  #tick = 0;
  readonly #time: typeof systemClock;
  readonly #clock: TickClock;
  #interval: TimerId | undefined;

  readonly #isManual: boolean;

  /**
   * @param tickMs resolution: a timeout fires up to one tick late
   * @param onTick called at every tick, and when the wheel starts to turn
   * @param time default: the runtime's
   * @param isManual it only turns by `turnIfDue`, for a thread that blocks and has no timers
   */
  constructor(
    tickMs: number,
    onTick: () => void = () => {},
    { isManual = false, time = systemClock } = {},
  ) {
    this.tickMs = tickMs;
    this.#time = time;
    this.#clock = new TickClock(tickMs, time);
    this.#onTick = onTick;
    this.#isManual = isManual;
  }

  /** Time until the next tick, in ms, rounded up; `Infinity` while the wheel is empty. */
  get untilTickMs(): number {
    return this.#size === 0 ? Infinity : this.#clock.untilTickMs;
  }

  /** Turns when a tick is due. @returns whether it did */
  turnIfDue(): boolean {
    if (this.untilTickMs > 0) return false;
    this.#turn();
    return true;
  }

  get isLate(): boolean {
    return isLateAt(this.#tick, this.#clock.lateTick);
  }

  /** Entries on the wheel. */
  get size(): number {
    return this.#size;
  }

  /** Puts `entry` on the wheel, without a deadline. */
  add(entry: Timed): void {
    if (this.#size === 0) {
      this.#clock.start();
      if (!this.#isManual) {
        this.#interval = this.#time.setInterval(() => this.#turn(), this.tickMs);
      }
      this.#onTick();
    }
    ++this.#size;
    entry.deadlineTick = NEVER;
    this.#place(entry, this.#tick + SLOTS - 1);
  }

  /** Removes `entry`; the wheel stops after the last one. */
  remove(entry: Timed): void {
    if (entry.wheelSlot < 0) return;
    this.#slots[entry.wheelSlot].delete(entry);
    entry.wheelSlot = -1;
    if (--this.#size === 0) {
      this.#time.clearInterval(this.#interval);
      this.#interval = undefined;
    }
  }

  set(entry: Timed, delayMs: number): void {
    this.setDeadline(entry, this.deadlineAfter(delayMs));
  }

  deadlineAfter(delayMs: number): number {
    // One more, because the present tick has begun already.
    return delayMs === 0 ? NEVER : this.#tick + Math.ceil(delayMs / this.tickMs) + 1;
  }

  get now(): Moment {
    return new Moment(this.#tick, { tickMs: this.tickMs, untilTickMs: this.#clock.untilTickMs });
  }

  setDeadline(entry: Timed, deadline: number): void {
    // Later deadlines are found when the slot comes round; an earlier one needs its own slot.
    const isEarlier = deadline < entry.deadlineTick;
    entry.deadlineTick = deadline;
    if (isEarlier) this.#reach(entry);
  }

  /** Makes sure that the wheel reaches `entry` by its deadline. */
  #reach(entry: Timed): void {
    if (entry.wheelSlot < 0) return;
    const distance = (entry.wheelSlot - this.#tick % SLOTS + SLOTS) % SLOTS || SLOTS;
    if (this.#tick + distance <= entry.deadlineTick) return;
    this.#slots[entry.wheelSlot].delete(entry);
    // A deadline that has passed is due at the next tick.
    this.#place(entry, Math.max(entry.deadlineTick, this.#tick + 1));
  }

  #place(entry: Timed, tick: number): void {
    const slot = Math.min(tick, this.#tick + SLOTS - 1) % SLOTS;
    this.#slots[slot].add(entry);
    entry.wheelSlot = slot;
  }

  #turn(): void {
    const now = this.#clock.advance();
    while (this.#tick < now) {
      const slot = ++this.#tick % SLOTS;
      const due = this.#slots[slot];
      if (due.size === 0) continue;
      this.#slots[slot] = new Set();
      for (const entry of due) {
        // The timeout of an earlier entry may have removed this one.
        if (entry.wheelSlot !== slot) continue;
        // Placed again first, because its owner may set a new deadline or remove it.
        this.#place(entry, Math.max(entry.deadlineTick, this.#tick + 1));
        if (entry.deadlineTick <= this.#tick) {
          entry.deadlineTick = NEVER;
          entry.onTimeout();
        }
      }
    }
    this.#onTick();
  }
}
