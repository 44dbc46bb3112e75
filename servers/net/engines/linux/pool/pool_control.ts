/**
 * What the threads of a pool share besides connections: the clock, the server's stage, which
 * threads wait, and each thread's figures. All of it is in shared memory, so that no message
 * crosses threads for a request.
 */
import type { Counters } from "../../../counters.ts";
import { type Deadlines, Moment, NEVER, type Timed } from "../../../deadlines.ts";
import { isLateAt, NEVER_LATE } from "../../../tick_clock.ts";
import type { CallCounts } from "../call_counts.ts";
import type { TableShare } from "./connection_table.ts";

/** The server's stages, in ascending order. */
export const enum Stage {
  Serving = 0,
  /** Requests in progress are finished. */
  Draining = 1,
  /** The grace period is over: connections are closed. */
  Cutting = 2,
  /** No connection is left: threads end. */
  Ending = 3,
}

/**
 * Words of a cache line. Words that are rarely written share lines; others have a line of their
 * own.
 */
const LINE = 16;

/** The words of the control block. */
export const enum Control {
  /** Ticks so far. */
  Tick = 0,
  /** The last tick that was late. */
  LateTick = 1,
  Stage = 2,
  /** 1 while nothing is accepted because there is no room. */
  IsPaused = 3,
  /** 1 while the owner checks whether threads are busy. */
  IsWatched = 4,
  /** Threads that serve. */
  Threads = 5,
  /** Connections that were cut off. */
  Cut = 6,
  /** How many of the owner's probes were taken. */
  Probes = LINE,
  Words = 2 * LINE,
}

/** Most descriptors that a thread takes at once. */
export const MAX_BATCH = 16;

/** The words of a thread's row: two lines. */
export const enum ThreadWord {
  /** 1 while it blocks until there is an event. */
  IsWaiting = 0,
  /** How many descriptors it has taken, and how many of them it has begun. */
  Taken = 1,
  Begun = 2,
  Batch = 3,
  /** Changes when the thread that had this row has crashed. */
  Life = Batch + MAX_BATCH,
  /**
   * Turns so far. What a thread did in a turn is counted when the next one begins, or when it
   * waits.
   */
  Turns,
  Words = 2 * LINE,
}

/** Figures of a thread: doubles. */
const enum Figure {
  Items,
  BusyUs,
  Waits,
  Events,
  Calls,
  Connections,
  Open,
  Served,
  BytesIn,
  BytesOut,
  Resets,
  Timeouts,
  Overloads,
}

const FIGURES = 16;

/** The memory of a pool: plain data that is sent to threads. */
export interface PoolShare {
  table: TableShare;
  control: Int32Array<SharedArrayBuffer>;
  threads: Int32Array<SharedArrayBuffer>;
  figures: Float64Array<SharedArrayBuffer>;
  /** Open connections: one word, see `ConnectionLimit`. */
  open: Int32Array<SharedArrayBuffer>;
  /** The descriptor of the epoll instance that all threads wait at. */
  epoll: number;
  /** The descriptor of the listening socket. */
  listener: number;
  isUnix: boolean;
  /** An eventfd that is readable when threads are to end. */
  bell: number;
  /** An eventfd that the owner signals to find out how long ready descriptors wait. */
  probe: number;
}

/** Memory for `threads` threads. */
export function poolMemory(
  threads: number,
): Pick<PoolShare, "control" | "threads" | "figures" | "open"> {
  const control = new Int32Array(new SharedArrayBuffer(4 * Control.Words));
  control[Control.LateTick] = NEVER_LATE;
  return {
    control,
    threads: new Int32Array(new SharedArrayBuffer(4 * ThreadWord.Words * threads)),
    figures: new Float64Array(new SharedArrayBuffer(8 * FIGURES * threads)),
    open: new Int32Array(new SharedArrayBuffer(4)),
  };
}

/** The figures of a thread, in shared memory, for this thread and others. */
export class ThreadFigures implements Counters, CallCounts {
  readonly #figures: Float64Array<SharedArrayBuffer>;
  readonly #at: number;

  constructor({ figures }: Pick<PoolShare, "figures">, index: number) {
    this.#figures = figures;
    this.#at = index * FIGURES;
  }

  /** The counters as a plain object. */
  get counters(): Counters {
    const { connections, open, served, bytesIn, bytesOut, resets, timeouts, overloads } = this;
    return { connections, open, served, bytesIn, bytesOut, resets, timeouts, overloads };
  }

  /** The calls as a plain object. */
  get callCounts(): CallCounts {
    return { waits: this.waits, events: this.events, calls: this.calls };
  }

  get items(): number {
    return this.#figures[this.#at + Figure.Items];
  }
  set items(value: number) {
    this.#figures[this.#at + Figure.Items] = value;
  }

  get busyUs(): number {
    return this.#figures[this.#at + Figure.BusyUs];
  }
  set busyUs(value: number) {
    this.#figures[this.#at + Figure.BusyUs] = value;
  }

  get waits(): number {
    return this.#figures[this.#at + Figure.Waits];
  }
  set waits(value: number) {
    this.#figures[this.#at + Figure.Waits] = value;
  }

  get events(): number {
    return this.#figures[this.#at + Figure.Events];
  }
  set events(value: number) {
    this.#figures[this.#at + Figure.Events] = value;
  }

  get calls(): number {
    return this.#figures[this.#at + Figure.Calls];
  }
  set calls(value: number) {
    this.#figures[this.#at + Figure.Calls] = value;
  }

  get connections(): number {
    return this.#figures[this.#at + Figure.Connections];
  }
  set connections(value: number) {
    this.#figures[this.#at + Figure.Connections] = value;
  }

  get open(): number {
    return this.#figures[this.#at + Figure.Open];
  }
  set open(value: number) {
    this.#figures[this.#at + Figure.Open] = value;
  }

  get served(): number {
    return this.#figures[this.#at + Figure.Served];
  }
  set served(value: number) {
    this.#figures[this.#at + Figure.Served] = value;
  }

  get bytesIn(): number {
    return this.#figures[this.#at + Figure.BytesIn];
  }
  set bytesIn(value: number) {
    this.#figures[this.#at + Figure.BytesIn] = value;
  }

  get bytesOut(): number {
    return this.#figures[this.#at + Figure.BytesOut];
  }
  set bytesOut(value: number) {
    this.#figures[this.#at + Figure.BytesOut] = value;
  }

  get resets(): number {
    return this.#figures[this.#at + Figure.Resets];
  }
  set resets(value: number) {
    this.#figures[this.#at + Figure.Resets] = value;
  }

  get timeouts(): number {
    return this.#figures[this.#at + Figure.Timeouts];
  }
  set timeouts(value: number) {
    this.#figures[this.#at + Figure.Timeouts] = value;
  }

  get overloads(): number {
    return this.#figures[this.#at + Figure.Overloads];
  }
  set overloads(value: number) {
    this.#figures[this.#at + Figure.Overloads] = value;
  }
}

/** Deadlines in the table, on the clock of the control block. An entry's place is its descriptor. */
export class SharedDeadlines implements Deadlines {
  readonly #deadlines: Int32Array<SharedArrayBuffer>;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #tickMs: number;

  constructor({ table, control }: Pick<PoolShare, "table" | "control">, tickMs: number) {
    this.#deadlines = table.deadlines;
    this.#control = control;
    this.#tickMs = tickMs;
  }

  get isLate(): boolean {
    return isLateAt(this.#control[Control.Tick], this.#control[Control.LateTick]);
  }

  add(entry: Timed): void {
    this.setDeadline(entry, NEVER);
  }

  remove(entry: Timed): void {
    this.setDeadline(entry, NEVER);
  }

  set(entry: Timed, delayMs: number): void {
    this.setDeadline(entry, this.deadlineAfter(delayMs));
  }

  deadlineAfter(delayMs: number): number {
    // One more, because the present tick has begun already.
    const tick = this.#control[Control.Tick];
    return delayMs === 0 ? NEVER : tick + Math.ceil(delayMs / this.#tickMs) + 1;
  }

  get now(): Moment {
    const tickMs = this.#tickMs;
    // Only the owner knows how much of the tick has passed.
    return new Moment(this.#control[Control.Tick], { tickMs, untilTickMs: tickMs });
  }

  setDeadline(entry: Timed, deadline: number): void {
    entry.deadlineTick = deadline;
    // Without a place, the connection has already closed its descriptor.
    if (entry.wheelSlot >= 0) this.#deadlines[entry.wheelSlot] = deadline;
  }
}
