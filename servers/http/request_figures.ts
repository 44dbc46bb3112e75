/**
 * Counters of requests, in memory that all threads of a server share: the thread that answers a
 * request counts it, and the thread that serves the metrics adds the counters up.
 *
 * Threads come and go, so services take rows of counters in rotation; as two may get the same row,
 * all additions are atomic. A counter has 64 bits: two words, the lower half first.
 */
import { Code, faultOf, Method } from "../../core/mod.ts";

/** Known methods, by `Method`; "other" is any unknown one, and a request without a whole head. */
export const METHODS = [
  "other",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
] as const;

/** Classes of statuses: 1xx to 5xx. */
const CLASSES = 5;

/**
 * Upper bounds of the buckets of durations, in microseconds; one more bucket is above the last
 * bound.
 */
export const DURATION_BOUNDS_US: readonly number[] = [
  100,
  250,
  500,
  1000,
  2500,
  5000,
  10_000,
  25_000,
  50_000,
  100_000,
  250_000,
  500_000,
  1_000_000,
  2_500_000,
  5_000_000,
  10_000_000,
];

/** The highest code of a fault. */
const LAST_CODE = Code.Busy;

/** Positions of counters within a row. */
const REQUESTS = 0;
const DURATIONS = REQUESTS + METHODS.length * CLASSES;
const DURATION_SUM = DURATIONS + DURATION_BOUNDS_US.length + 1;
const FAULTS = DURATION_SUM + 1;
const KEPT_HITS = FAULTS + LAST_CODE + 1;
const MEMO_HITS = KEPT_HITS + 1;
const MISSES = MEMO_HITS + 1;

/**
 * Counters in a row, rounded up to whole cache lines of 64 bytes, so that rows do not share a line.
 */
const ROW = Math.ceil((MISSES + 1) / 8) * 8;

/** Number of rows; further services share them. */
const ROWS = 64;

/** Words before the rows: one cache line, whose first word is the next row to be taken. */
const FIRST = 16;

/** Where the answer for a file came from. */
export enum CacheResult {
  /** The core repeated a kept answer. */
  Kept = KEPT_HITS,
  /** The memo of answers had it. */
  Memo = MEMO_HITS,
  /** It was planned anew. */
  Miss = MISSES,
}

/** Counts for one service, in its row of counters. */
export class RequestFigures {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #row: number;

  /** @param shared what {@linkcode shareFigures} made */
  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared);
    this.#row = FIRST + Atomics.add(this.#words, 0, 1) % ROWS * ROW * 2;
  }

  /**
   * Counts `count` requests, `heads` of them HEAD, that the core answered: as 2xx with a duration
   * of 0.
   */
  repeated(count: number, heads: number, isKept: boolean): void {
    if (count > heads) this.#add(placeOf(Method.Get, 200), count - heads);
    if (heads > 0) this.#add(placeOf(Method.Head, 200), heads);
    this.#add(DURATIONS, count);
    if (isKept) this.#add(KEPT_HITS, count);
  }

  /** Counts a request that was answered after `durationUs`. */
  answered(method: Method, status: number, durationUs: number): void {
    this.#add(placeOf(method, status), 1);
    let bucket = 0;
    while (bucket < DURATION_BOUNDS_US.length && durationUs > DURATION_BOUNDS_US[bucket]) ++bucket;
    this.#add(DURATIONS + bucket, 1);
    this.#add(DURATION_SUM, Math.round(durationUs));
  }

  /** Counts a request that was refused for `code`. */
  refused(code: Code): void {
    this.#add(FAULTS + code, 1);
  }

  /** Counts where an answer came from. */
  looked(result: CacheResult): void {
    this.#add(result, 1);
  }

  #add(counter: number, count: number): void {
    const low = this.#row + 2 * counter;
    const sum = (Atomics.add(this.#words, low, count) >>> 0) + count;
    if (sum >= 2 ** 32) Atomics.add(this.#words, low + 1, Math.floor(sum / 2 ** 32));
  }
}

/** Memory for the figures of a server. */
export function shareFigures(): SharedArrayBuffer {
  return new SharedArrayBuffer(4 * (FIRST + ROWS * ROW * 2));
}

function placeOf(method: number, status: number): number {
  const known = method < METHODS.length ? method : 0;
  return REQUESTS + known * CLASSES + Math.min(Math.max(Math.floor(status / 100), 1), CLASSES) - 1;
}

/** What was counted so far. */
export interface RequestTotals {
  requests: { method: string; status: string; count: number }[];
  /** Requests per bucket, including the one above the last bound. */
  durations: number[];
  durationSumUs: number;
  faults: { reason: string; count: number }[];
  keptHits: number;
  memoHits: number;
  misses: number;
}

/** Adds up what all services counted. */
export function readFigures(shared: SharedArrayBuffer): RequestTotals {
  const words = new Int32Array(shared);
  const total = (counter: number) => {
    let sum = 0;
    for (let row = 0; row < ROWS; ++row) {
      const low = FIRST + (row * ROW + counter) * 2;
      sum += Atomics.load(words, low + 1) * 2 ** 32 + (Atomics.load(words, low) >>> 0);
    }
    return sum;
  };
  const requests = METHODS.flatMap((method, i) =>
    Array.from({ length: CLASSES }, (_, j) => ({
      method,
      status: `${j + 1}xx`,
      count: total(REQUESTS + i * CLASSES + j),
    }))
  );
  const faults = Array.from({ length: LAST_CODE }, (_, i) => ({
    reason: faultOf(i + 1).reason,
    count: total(FAULTS + i + 1),
  }));
  return {
    requests: requests.filter(({ count }) => count > 0),
    durations: Array.from(
      { length: DURATION_BOUNDS_US.length + 1 },
      (_, i) => total(DURATIONS + i),
    ),
    durationSumUs: total(DURATION_SUM),
    faults: faults.filter(({ count }) => count > 0),
    keptHits: total(KEPT_HITS),
    memoHits: total(MEMO_HITS),
    misses: total(MISSES),
  };
}
