/**
 * A coarse timer wheel (Varghese and Lauck, 1987): timeouts that are set often and seldom expire.
 *
 * Setting a timeout writes one number; the entry stays in the slot where it is. When the wheel
 * reaches the slot and the deadline has moved on, the entry moves to the slot of its deadline.
 * So a connection that exchanges a thousand messages a second costs no more than an idle one.
 */
import { type Deadlines, NEVER, type Timed } from "./deadlines.ts";

/** Slots of the wheel: with ticks of 250 ms, 16 s a turn. */
const SLOTS = 64;

/**
 * Ticks that one turn of the event loop may count. Time beyond them, in which the thread was busy,
 * does not count against the peers: their bytes may wait in the kernel.
 */
const MAX_STEP = 2;

/**
 * A turn is late that comes after so many ticks: a thread that waits for a CPU has turns, and in each
 * too little time to receive everything.
 */
const LATE_GAP = 1.4;

/** For so many ticks after a late one the wheel calls itself late: as long as peers may be idle. */
const LATE_TICKS = 20;

/** A wheel that turns while it has entries. */
export class TimerWheel implements Deadlines {
  /** Its resolution. */
  readonly tickMs: number;
  readonly #onTick: () => void;
  readonly #slots: Set<Timed>[] = Array.from({ length: SLOTS }, () => new Set());
  #size = 0;
  #tick = 0;
  #startMs = 0;
  /** When it turned last. */
  #turnedMs = 0;
  /** The last tick that was counted late. */
  #lateTick = -Infinity;
  #interval: ReturnType<typeof setInterval> | undefined;

  readonly #isManual: boolean;

  /**
   * @param tickMs resolution: a timeout comes up to one tick late
   * @param onTick called at every tick, and when the wheel starts to turn
   * @param isManual it turns by `turnIfDue` alone, for a thread that blocks and has no timers
   */
  constructor(tickMs: number, onTick: () => void = () => {}, { isManual = false } = {}) {
    this.tickMs = tickMs;
    this.#onTick = onTick;
    this.#isManual = isManual;
  }

  /** Time until the next tick, in ms, rounded up; `Infinity` while the wheel is empty. */
  get untilTickMs(): number {
    if (this.#size === 0) return Infinity;
    const dueMs = this.#startMs + (this.#tick + 1) * this.tickMs;
    return Math.max(0, Math.ceil(dueMs - performance.now()));
  }

  /** Turns when a tick is due. @returns whether it did */
  turnIfDue(): boolean {
    if (this.untilTickMs > 0) return false;
    this.#turn();
    return true;
  }

  get isLate(): boolean {
    return this.#tick - this.#lateTick < LATE_TICKS;
  }

  /** Entries on the wheel. */
  get size(): number {
    return this.#size;
  }

  /** Puts `entry` on the wheel, without a deadline. */
  add(entry: Timed): void {
    if (this.#size === 0) {
      this.#turnedMs = performance.now();
      this.#startMs = this.#turnedMs - this.#tick * this.tickMs;
      if (!this.#isManual) this.#interval = setInterval(() => this.#turn(), this.tickMs);
      this.#onTick();
    }
    ++this.#size;
    entry.deadlineTick = NEVER;
    this.#place(entry, this.#tick + SLOTS - 1);
  }

  /** Takes `entry` off; the wheel stops when it was the last. */
  remove(entry: Timed): void {
    if (entry.wheelSlot < 0) return;
    this.#slots[entry.wheelSlot].delete(entry);
    entry.wheelSlot = -1;
    if (--this.#size === 0) {
      clearInterval(this.#interval);
      this.#interval = undefined;
    }
  }

  set(entry: Timed, delayMs: number): void {
    this.setDeadline(entry, this.deadlineAfter(delayMs));
  }

  deadlineAfter(delayMs: number): number {
    // One more, for the tick that is under way.
    return delayMs === 0 ? NEVER : this.#tick + Math.ceil(delayMs / this.tickMs) + 1;
  }

  setDeadline(entry: Timed, deadline: number): void {
    // Later deadlines are found when the slot comes round; an earlier one needs its own slot.
    const isEarlier = deadline < entry.deadlineTick;
    entry.deadlineTick = deadline;
    if (isEarlier) this.#reach(entry);
  }

  /** Makes sure that the wheel comes to `entry` by its deadline. */
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
    const nowMs = performance.now();
    let now = Math.floor((nowMs - this.#startMs) / this.tickMs);
    const stall = now - this.#tick - MAX_STEP;
    if (nowMs - this.#turnedMs > LATE_GAP * this.tickMs) {
      this.#lateTick = Math.min(now, now - stall);
    }
    this.#turnedMs = nowMs;
    if (stall > 0) {
      this.#startMs += stall * this.tickMs;
      now -= stall;
    }
    while (this.#tick < now) {
      const slot = ++this.#tick % SLOTS;
      const due = this.#slots[slot];
      if (due.size === 0) continue;
      this.#slots[slot] = new Set();
      for (const entry of due) {
        // An earlier one's end may have taken this one off.
        if (entry.wheelSlot !== slot) continue;
        // Placed again first: its owner may set a new deadline, or take it off.
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
