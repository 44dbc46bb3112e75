/**
 * A load over time. At intervals, every thread hands over what it has recorded since the last time;
 * the parts of all threads for the same time add up to an interval of the load. Nothing is sampled:
 * the intervals of a run add up to its histograms exactly.
 *
 * The first interval begins with the measured time; nothing is handed over during a warm-up.
 *
 * Threads only send messages, so that a thread that blocks in system calls can take part.
 */
import { LatencyHistogram } from "./histogram.ts";

/**
 * Default length of an interval, in milliseconds. Intervals begin at multiples of it since the
 * epoch.
 */
export const INTERVAL_MS = 200;

/** How often per interval a thread checks its clock, and complete intervals are reported. */
const LOOKS_PER_INTERVAL = 4;

/** The longest time between two checks, in ms. */
const MAX_LOOK_MS = 50;

/** How many checks late a part may be. */
const LATE_LOOKS = 3;

/** How often a participant in intervals of `intervalMs` has to check the clock, in ms. */
export function lookMs(intervalMs: number): number {
  return Math.min(MAX_LOOK_MS, intervalMs / LOOKS_PER_INTERVAL);
}

/** A thread's counts since the run began. */
export interface Counts {
  /** Requests or echoes that have ended. */
  done: number;
  /** Of these, those without a complete answer. */
  failed: number;
  bytesIn: number;
  /** Responses by status. */
  statuses: Record<string, number>;
  /** Failures by kind. */
  errors: Record<string, number>;
  /** Connections that are open now. */
  open: number;
  /** How many starts of an open loop were due and sent so far; null in a closed loop. */
  starts: { due: number; sent: number } | null;
}

/** A thread's part of an interval. Plain data, to be posted. */
export interface IntervalPart {
  thread: number;
  /** In milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  counts: Counts;
  /** Encoded histograms of the latencies between the two times, by name. */
  latencies: Record<string, Uint8Array<ArrayBuffer>>;
}

/** The work of all threads during an interval. */
export interface Interval {
  /** In milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  /** Complete answers, without failures. */
  answers: number;
  answersPerSecond: number;
  bytesInPerSecond: number;
  /** Since the run began. */
  counts: Counts;
  /** Latencies of the interval, by name; freed after the listener returns. */
  latencies: Record<string, LatencyHistogram>;
}

/** A thread's own clock of intervals. */
export class IntervalClock {
  #startMs: number;
  readonly #intervalMs: number;

  /** @param nowMs ms since the epoch, as below */
  constructor(nowMs: number, intervalMs: number) {
    this.#startMs = nowMs;
    this.#intervalMs = intervalMs;
  }

  /** Whether an interval ended before `nowMs`. */
  isDue(nowMs: number): boolean {
    const slotOf = (epochMs: number) => Math.floor(epochMs / this.#intervalMs);
    return slotOf(nowMs) > slotOf(this.#startMs);
  }

  /** Begins the next interval at `nowMs`. @returns when the last one began and ended */
  next(nowMs: number): { startMs: number; endMs: number } {
    const startMs = this.#startMs;
    this.#startMs = nowMs;
    return { startMs, endMs: nowMs };
  }
}

/** Adds up the parts of all threads. */
export class Timeline {
  readonly #listener: (interval: Interval) => void;
  readonly #intervalMs: number;
  readonly #waiting = new Map<number, IntervalPart[]>();
  readonly #last = new Map<number, IntervalPart>();
  #settled = -Infinity;

  /** @param listener called with every interval, in order */
  constructor(listener: (interval: Interval) => void, intervalMs = INTERVAL_MS) {
    this.#listener = listener;
    this.#intervalMs = intervalMs;
  }

  /** Length of an interval in ms. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /**
   * Calls {@linkcode settle} periodically. @returns an object that ends this when it is disposed of
   */
  start(): Disposable {
    const timer = setInterval(() => this.settle(epochNow()), lookMs(this.#intervalMs));
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  /** Adds a part. One that arrives too late counts for the next interval. */
  add(part: IntervalPart): void {
    const slot = Math.max(this.#slotOf(part.startMs), this.#settled + 1);
    const parts = this.#waiting.get(slot);
    if (parts) parts.push(part);
    else this.#waiting.set(slot, [part]);
  }

  /** Reports the intervals whose parts should all have arrived by `nowMs`. */
  settle(nowMs: number): void {
    this.#settleBefore(this.#slotOf(nowMs - LATE_LOOKS * lookMs(this.#intervalMs)));
  }

  /** Reports all remaining intervals. */
  end(): void {
    this.#settleBefore(Infinity);
  }

  #slotOf(epochMs: number): number {
    return Math.floor(epochMs / this.#intervalMs);
  }

  #settleBefore(end: number): void {
    const slots = [...this.#waiting.keys()].filter((slot) => slot < end).sort((a, b) => a - b);
    for (const slot of slots) {
      const parts = this.#waiting.get(slot)!;
      this.#waiting.delete(slot);
      this.#settled = Math.max(this.#settled, slot);
      this.#tell(parts);
    }
  }

  #tell(parts: readonly IntervalPart[]): void {
    let answers = 0;
    let answersPerSecond = 0;
    let bytesInPerSecond = 0;
    const latencies: Record<string, LatencyHistogram> = {};
    for (const part of parts) {
      const before = this.#last.get(part.thread);
      this.#last.set(part.thread, part);
      const seconds = Math.max(1, part.endMs - part.startMs) / 1000;
      const own = succeeded(part) - (before ? succeeded(before) : 0);
      answers += own;
      answersPerSecond += own / seconds;
      bytesInPerSecond += (part.counts.bytesIn - (before?.counts.bytesIn ?? 0)) / seconds;
      for (const [name, encoded] of Object.entries(part.latencies)) {
        const own = new LatencyHistogram(encoded);
        if (latencies[name]) latencies[name].merge(own);
        else latencies[name] = own;
      }
    }
    this.#listener({
      startMs: Math.min(...parts.map(({ startMs }) => startMs)),
      endMs: Math.max(...parts.map(({ endMs }) => endMs)),
      answers,
      answersPerSecond,
      bytesInPerSecond,
      counts: addCounts([...this.#last.values()].map(({ counts }) => counts)),
      latencies,
    });
  }
}

/** Now in milliseconds since the epoch, on the one clock that all threads share. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

function succeeded({ counts }: IntervalPart): number {
  return counts.done - counts.failed;
}

function addCounts(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) =>
    all.reduce((total, counts) => total + of(counts), 0);
  const starts = all.flatMap((counts) => counts.starts ?? []);
  return {
    done: sum(({ done }) => done),
    failed: sum(({ failed }) => failed),
    bytesIn: sum(({ bytesIn }) => bytesIn),
    statuses: addRecords(all.map(({ statuses }) => statuses)),
    errors: addRecords(all.map(({ errors }) => errors)),
    open: sum(({ open }) => open),
    starts: starts.length === 0 ? null : {
      due: starts.reduce((total, { due }) => total + due, 0),
      sent: starts.reduce((total, { sent }) => total + sent, 0),
    },
  };
}

/** Adds up the values of each key. */
export function addRecords(records: readonly object[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const record of records) {
    for (const [key, count] of Object.entries(record)) sum[key] = (sum[key] ?? 0) + count;
  }
  return sum;
}
