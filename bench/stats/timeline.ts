/**
 * A load over time. Every thread hands over what it recorded since it did so last, five times a
 * second; the parts of all threads for the same time add up to an interval. Nothing is sampled: the
 * intervals of a run add up to its histograms exactly.
 *
 * Threads only send. One that blocks in a system call takes part as well.
 */
import { LatencyHistogram } from "./histogram.ts";

/** Length of an interval, in milliseconds. They begin at multiples of it since the epoch. */
export const INTERVAL_MS = 200;

/** How late a part may come: a thread looks at its clock at least so often. */
const LATE_MS = 150;

/** What a thread counted since the run began. */
export interface Counts {
  /** Requests or echoes that came to an end. */
  done: number;
  /** Of these, without a whole answer. */
  failed: number;
  bytesIn: number;
  /** Responses by status. */
  statuses: Record<string, number>;
  /** Failures by kind. */
  errors: Record<string, number>;
  /** Connections that are open now. */
  open: number;
}

/** What a thread hands over. Plain data, to be posted. */
export interface IntervalPart {
  thread: number;
  /** In milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  counts: Counts;
  /** Encoded histograms of the latencies between the two times, by name. */
  latencies: Record<string, Uint8Array<ArrayBuffer>>;
}

/** What all threads did during an interval. */
export interface Interval {
  /** In milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  /** Whole answers per second; failures are none. */
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

  /** @param nowMs since the epoch, as below */
  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  /** Whether an interval ended before `nowMs`. */
  isDue(nowMs: number): boolean {
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
  readonly #waiting = new Map<number, IntervalPart[]>();
  readonly #last = new Map<number, IntervalPart>();
  #settled = -Infinity;

  /** @param listener is told of every interval, in their order */
  constructor(listener: (interval: Interval) => void) {
    this.#listener = listener;
  }

  /** Takes a part. One that comes too late counts to the next interval. */
  add(part: IntervalPart): void {
    const slot = Math.max(slotOf(part.startMs), this.#settled + 1);
    const parts = this.#waiting.get(slot);
    if (parts) parts.push(part);
    else this.#waiting.set(slot, [part]);
  }

  /** Tells of the intervals whose parts should all be here at `nowMs`. */
  settle(nowMs: number): void {
    this.#settleBefore(slotOf(nowMs - LATE_MS));
  }

  /** Tells of all that is left. */
  end(): void {
    this.#settleBefore(Infinity);
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
    let answersPerSecond = 0;
    let bytesInPerSecond = 0;
    const latencies: Record<string, LatencyHistogram> = {};
    for (const part of parts) {
      const before = this.#last.get(part.thread);
      this.#last.set(part.thread, part);
      const seconds = Math.max(1, part.endMs - part.startMs) / 1000;
      answersPerSecond += (succeeded(part) - (before ? succeeded(before) : 0)) / seconds;
      bytesInPerSecond += (part.counts.bytesIn - (before?.counts.bytesIn ?? 0)) / seconds;
      for (const [name, encoded] of Object.entries(part.latencies)) {
        const own = new LatencyHistogram(encoded);
        if (latencies[name]) {
          latencies[name].merge(own);
          own.destroy();
        } else latencies[name] = own;
      }
    }
    this.#listener({
      startMs: Math.min(...parts.map(({ startMs }) => startMs)),
      endMs: Math.max(...parts.map(({ endMs }) => endMs)),
      answersPerSecond,
      bytesInPerSecond,
      counts: addCounts([...this.#last.values()].map(({ counts }) => counts)),
      latencies,
    });
    Object.values(latencies).forEach((histogram) => histogram.destroy());
  }
}

/** Now in milliseconds since the epoch, on the one clock that all threads share. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now();
}

function succeeded({ counts }: IntervalPart): number {
  return counts.done - counts.failed;
}

function slotOf(epochMs: number): number {
  return Math.floor(epochMs / INTERVAL_MS);
}

function addCounts(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) =>
    all.reduce((total, counts) => total + of(counts), 0);
  return {
    done: sum(({ done }) => done),
    failed: sum(({ failed }) => failed),
    bytesIn: sum(({ bytesIn }) => bytesIn),
    statuses: addRecords(all.map(({ statuses }) => statuses)),
    errors: addRecords(all.map(({ errors }) => errors)),
    open: sum(({ open }) => open),
  };
}

/** Adds up what has the same key. */
export function addRecords(records: readonly object[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const record of records) {
    for (const [key, count] of Object.entries(record)) sum[key] = (sum[key] ?? 0) + count;
  }
  return sum;
}
