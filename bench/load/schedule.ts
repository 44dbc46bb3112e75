/**
 * Who may start the next request, and when: one budget for all threads of a load, and the
 * intended start times of this thread.
 */
import { clockUs } from "./clock.ts";
import type { Pacer } from "./pacer.ts";

/** Words of the memory that the threads of a load share. */
const enum Word {
  /** A `Halt`. */
  Halt,
  /** Requests that no thread has claimed yet. */
  Remaining,
  Length,
}

/** How a load is brought to its end. */
export const enum Halt {
  /** It goes on. */
  No = 0,
  /** No request starts any more; those in flight are completed. */
  Drain = 1,
  /** Those in flight are given up. */
  Abandon = 2,
}

/** The budget of a load, shared by its threads. */
export class Budget {
  readonly #words: Int32Array<SharedArrayBuffer>;

  /** Attaches to the budget in `shared`, the {@linkcode shared} memory of another thread's. */
  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
  }

  /** A budget of `requests`, below 2^31; 0 for one without end. */
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

  /** Ends the load; never takes a stronger end back. */
  stop(how: Halt): void {
    if (how > this.halt) Atomics.store(this.#words, Word.Halt, how);
  }

  /** Takes up to `most` requests. @returns how many, 0 when the load is over */
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

  /** Gives back `count` claimed requests that were not answered and shall be sent again. */
  giveBack(count: number): void {
    if (Atomics.load(this.#words, Word.Remaining) >= 0) {
      Atomics.add(this.#words, Word.Remaining, count);
    }
  }
}

/** The requests of one thread: their numbers, and when they are meant to start. */
export class Schedule {
  readonly #budget: Budget;
  readonly #pacer: Pacer | undefined;
  readonly #beginUs = clockUs();
  #next = 0;

  /** @param pacer the intended starts of an open loop; without it, requests follow each other */
  constructor(budget: Budget, pacer?: Pacer) {
    this.#budget = budget;
    this.#pacer = pacer;
  }

  /** How the load is being ended. */
  get halt(): Halt {
    return this.#budget.halt;
  }

  /** Ends the load, for all threads; never takes a stronger end back. */
  stop(how: Halt): void {
    this.#budget.stop(how);
  }

  /** When the schedule began, on this thread's clock. */
  get beginUs(): number {
    return this.#beginUs;
  }

  /** Whether starts are intended at certain times. */
  get isPaced(): boolean {
    return this.#pacer !== undefined;
  }

  /** Number of the next request of this thread. */
  get next(): number {
    return this.#next;
  }

  /** Takes up to `most` requests, numbered from {@linkcode next} on. @returns how many */
  claim(most: number): number {
    const left = (this.#pacer?.count ?? Infinity) - this.#next;
    const count = left > 0 ? this.#budget.claim(Math.min(most, left)) : 0;
    this.#next += count;
    return count;
  }

  /** Gives back `count` claimed requests that were not answered and shall be sent again. */
  giveBack(count: number): void {
    this.#budget.giveBack(count);
  }

  /** When request `number` is meant to start, on this thread's clock. */
  dueUs(number: number): number {
    return this.#beginUs + this.#pacer!.intendedStartUs(number);
  }
}
