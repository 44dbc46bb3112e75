/**
 * Virtual time, which advances only when everything due now has been done. Everything that happens
 * in a simulation is an event of this clock, with a time; of two events at the same time, the one
 * planned first comes first.
 */
import type { Clock, TimerId } from "../../../../system/clock.ts";

/** Start of each simulation, in ms since 1970: noon of an arbitrary day. */
const EPOCH_MS = Date.UTC(2026, 0, 1, 12);

/** A planned event. */
interface Planned {
  dueUs: number;
  order: number;
  action: (() => void) | undefined;
}

/** A virtual clock. Times are whole microseconds, so that all machines compute the same. */
export class SimulatedClock implements Clock {
  /** Whether promises may have been settled since they were last run. */
  hasPromises = false;
  /**
   * Whether the program's thread is in a system call while events happen: its timers fire after the
   * call.
   */
  isThreadBlocking = false;
  #nowUs = 0;
  #epochMs = EPOCH_MS;
  #order = 0;
  /** A binary heap: the event at `i` comes before those at `2i + 1` and `2i + 2`. */
  readonly #heap: Planned[] = [];
  readonly #timers = new Set<Planned>();

  /** Microseconds since the simulation began. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Timers, intervals included, that have neither fired nor been cleared. */
  get timers(): number {
    return this.#timers.size;
  }

  /** When the next event is due, `Infinity` when none is planned. */
  get nextUs(): number {
    while (this.#heap.length > 0 && this.#heap[0].action === undefined) this.#takeFirst();
    return this.#heap.length > 0 ? this.#heap[0].dueUs : Infinity;
  }

  /** Advances to `us`; no event may be due before. */
  passTo(us: number): void {
    this.#nowUs = Math.max(this.#nowUs, us);
  }

  /** Calls `callback` in the program's thread: at once, unless it blocks in a system call. */
  message(callback: () => void): void {
    this.hasPromises = true;
    if (this.isThreadBlocking) Promise.resolve().then(callback);
    else callback();
  }

  nowMs(): number {
    return this.#nowUs / 1000;
  }

  epochMs(): number {
    return this.#epochMs + Math.floor(this.#nowUs / 1000);
  }

  /** Simulates a change of the system's time of day, forward or back. */
  setEpoch(byMs: number): void {
    this.#epochMs += byMs;
  }

  /** Simulates a thread that gets no CPU for this time: what is due meanwhile happens late. */
  stall(ms: number): void {
    this.#nowUs += ms * 1000;
  }

  /** Plans `action`, an event of the simulated world and not a timer of the program. */
  in(delayUs: number, action: () => void): void {
    this.#plan(delayUs, action);
  }

  setTimeout(callback: () => void, delayMs: number): TimerId {
    const planned = this.#plan(Math.ceil(delayMs * 1000), () =>
      this.message(() => {
        if (this.#timers.delete(planned)) callback();
      }));
    this.#timers.add(planned);
    return planned as unknown as TimerId;
  }

  clearTimeout(timer: TimerId | undefined): void {
    if (timer === undefined) return;
    const planned = timer as unknown as Planned;
    planned.action = undefined;
    this.#timers.delete(planned);
  }

  setInterval(callback: () => void, everyMs: number): TimerId {
    const everyUs = Math.max(1, Math.ceil(everyMs * 1000));
    const timer: Planned = { dueUs: 0, order: 0, action: undefined };
    const action = () => {
      // Planned before the callback runs, because the callback may clear it.
      this.#push(timer, everyUs, action);
      this.message(() => {
        if (this.#timers.has(timer)) callback();
      });
    };
    this.#push(timer, everyUs, action);
    this.#timers.add(timer);
    return timer as unknown as TimerId;
  }

  clearInterval(timer: TimerId | undefined): void {
    this.clearTimeout(timer);
  }

  unref(): void {}

  /** Runs the next event. @returns false when there is none */
  step(): boolean {
    const planned = this.#take();
    if (planned === undefined) return false;
    this.#nowUs = Math.max(this.#nowUs, planned.dueUs);
    const { action } = planned;
    planned.action = undefined;
    action!();
    return true;
  }

  #plan(delayUs: number, action: () => void): Planned {
    const planned: Planned = { dueUs: 0, order: 0, action: undefined };
    this.#push(planned, delayUs, action);
    return planned;
  }

  #push(planned: Planned, delayUs: number, action: () => void): void {
    planned.dueUs = this.#nowUs + delayUs;
    planned.order = this.#order++;
    planned.action = action;
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = at - 1 >>> 1;
      if (!isBefore(planned, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = planned;
  }

  /** The next event that was not cleared. */
  #take(): Planned | undefined {
    while (this.#heap.length > 0) {
      const first = this.#takeFirst();
      if (first.action !== undefined) return first;
    }
    return undefined;
  }

  #takeFirst(): Planned {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  /** Puts `planned` at the top of the heap and sifts it down to its place. */
  #sink(planned: Planned): void {
    const heap = this.#heap;
    const count = heap.length;
    let at = 0;
    for (let child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count && isBefore(heap[child + 1], heap[child])) ++child;
      if (!isBefore(heap[child], planned)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = planned;
  }
}

function isBefore(a: Planned, b: Planned): boolean {
  return a.dueUs < b.dueUs || a.dueUs === b.dueUs && a.order < b.order;
}
