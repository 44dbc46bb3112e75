/**
 * Which thread may start the next request, and when: a budget shared by all threads of a load, and
 * the intended start times of this thread.
 */
import { clockUs } from "./clock.ts";
import { type Pacer, startsBefore } from "./pacer.ts";

/** Words of the memory that the threads of a load share. */
const enum Word {
  /** A `Halt`. */
  Halt,
  /** Requests that no thread has claimed yet. */
  Remaining,
  Length,
}

/** How a load is ended. */
export const enum Halt {
  /** The load continues. */
  No = 0,
  /** No further request starts; those in flight are completed. */
  Drain = 1,
  /** Requests in flight are given up. */
  Abandon = 2,
}

/** The budget of a load, shared by its threads. */
export class Budget {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** Attaches to the budget in `shared`, the {@linkcode shared} memory of another thread's. */
  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
  }

  /** A budget of `requests`, below 2^31; 0 for no limit. */
  static create(requests: number): Budget {
    const budget = new Budget(new SharedArrayBuffer(Word.Length * Int32Array.BYTES_PER_ELEMENT));
    budget.#words[Word.Remaining] = requests === 0 ? -1 : requests;
    return budget;
  }

  /** The memory to post to other threads. */
  get shared(): SharedArrayBuffer {
    return this.#words.buffer;
  }

  /** How the load is being ended. */
  get halt(): Halt {
    return this.#words[Word.Halt];
  }

  /** Ends the load; never replaces a stronger halt. */
  stop(how: Halt): void {
    if (how > this.halt) Atomics.store(this.#words, Word.Halt, how);
  }

  /** Claims up to `most` requests. @returns how many; 0 when the load is over */
  claim(most: number): number {
    if (this.halt !== Halt.No) return 0;
    let left = Atomics.load(this.#words, Word.Remaining);
    if (left < 0) return most;
    for (;;) {
      const count = Math.min(left, most);
      if (count === 0) return 0;
      const seen = Atomics.compareExchange(this.#words, Word.Remaining, left, left - count);
      if (seen === left) return count;
      left = seen;
    }
  }

  /** Gives back `count` claimed requests that were not answered and are to be sent again. */
  giveBack(count: number): void {
    if (Atomics.load(this.#words, Word.Remaining) >= 0) {
      Atomics.add(this.#words, Word.Remaining, count);
    }
  }
}

/** How requests are scheduled. */
export interface ScheduleOptions {
  /** The intended starts of an open loop; without it, requests follow each other. */
  pacer?: Pacer;
  /** No request starts after this time, in milliseconds; 0 for no limit. */
  durationMs?: number;
}

/**
 * The requests of one thread: their numbers, and when they are meant to start. Requests start
 * within a window of time that begins with the schedule. Each thread ends its own window, so that
 * none is cut short because another began earlier.
 */
export class Schedule {
  readonly #budget: Budget;
  readonly #pacer: Pacer | undefined;
  readonly #beginUs = clockUs();
  /** Length of the window. Stored, because `#endUs - #beginUs` would have a rounding error. */
  #lengthUs: number;
  #endUs: number;
  #next = 0;

  constructor(budget: Budget, { pacer, durationMs = 0 }: ScheduleOptions = {}) {
    this.#budget = budget;
    this.#pacer = pacer;
    this.#lengthUs = durationMs > 0 ? durationMs * 1000 : Infinity;
    this.#endUs = this.#beginUs + this.#lengthUs;
  }

  /** When the window ends, on this thread's clock; Infinity as long as it is unknown. */
  get endUs(): number {
    return this.#endUs;
  }

  /**
   * Ends the window at `nowUs`, unless it has ended before. Called when the load was halted, or
   * when all of its requests have ended.
   */
  end(nowUs: number): void {
    if (nowUs >= this.#endUs) return;
    this.#endUs = nowUs;
    this.#lengthUs = nowUs - this.#beginUs;
  }

  /**
   * How the load of this thread is being ended at `nowUs`: by the halt of the whole load, which
   * also ends the window, or because the window has ended.
   */
  haltAt(nowUs: number): Halt {
    const { halt } = this.#budget;
    if (halt !== Halt.No) this.end(nowUs);
    return halt === Halt.No && nowUs >= this.#endUs ? Halt.Drain : halt;
  }

  /** When the schedule began, on this thread's clock. */
  get beginUs(): number {
    return this.#beginUs;
  }

  /** Whether starts have intended times. */
  get isPaced(): boolean {
    return this.#pacer !== undefined;
  }

  /** Number of the next request of this thread. */
  get next(): number {
    return this.#next;
  }

  /**
   * Claims up to `most` requests that start at `nowUs` or later, numbered from {@linkcode next} on.
   *
   * @returns how many; 0 when the load is over
   */
  claim(most: number, nowUs: number): number {
    if (nowUs >= this.#endUs) return 0;
    const left = (this.#pacer?.count ?? Infinity) - this.#next;
    const count = left > 0 ? this.#budget.claim(Math.min(most, left)) : 0;
    if (count === 0 && this.#budget.halt !== Halt.No) this.end(nowUs);
    this.#next += count;
    return count;
  }

  /** Gives back `count` claimed requests that were not answered and are to be sent again. */
  giveBack(count: number): void {
    this.#budget.giveBack(count);
  }

  /** How many starts of an open loop were due before `nowUs` and within the window. */
  dueBefore(nowUs: number): number {
    const us = nowUs < this.#endUs ? nowUs - this.#beginUs : this.#lengthUs;
    return startsBefore(this.#pacer!, us);
  }

  /** When request `number` is due, on this thread's clock. */
  dueUs(number: number): number {
    return this.#beginUs + this.#pacer!.intendedStartUs(number);
  }
}
