/** Messages between the main thread of an HTTP load and its Workers. Plain data. */
import type { ClientEngine } from "../load/engine.ts";
import type { RequestSample } from "../result.ts";
import type { RequestBytes } from "./request.ts";
import type { TallyReport } from "./tally.ts";
import type { Origins } from "./origins.ts";

/** What a Worker is to do; the first message to it. */
export interface ThreadPlan {
  /** Number of this thread, from 0. */
  index: number;
  threads: number;
  engine: ClientEngine;
  /** Connections of this thread. */
  concurrency: number;
  /** The servers, and for each request that of its URL. */
  origins: Origins;
  requests: RequestBytes;
  pipeline: number;
  isKeepAlive: boolean;
  /** Whether the requests are HEAD; for each one, where that differs. */
  isHead: boolean | boolean[];
  /** Memory of the `Budget`. */
  budget: SharedArrayBuffer;
  /** Memory of this thread's `LiveFigures`. */
  live: SharedArrayBuffer;
  /** Starts per second over all threads; 0 for a closed loop. */
  ratePerSecond: number;
  /** When each request of all threads is meant to start, once, in place of a rate; see `listed`. */
  startsUs?: Float64Array;
  /** The run ends when a thread has run for this long; 0 for no limit. */
  durationMs: number;
  rampMs: number;
  warmupMs: number;
  timeoutMs: number;
  /** Statuses that are good; default: all below 400. */
  expectStatus?: number[];
  /** SHA-256 of the expected content in hexadecimal. */
  expectBodySha256?: string;
  wantsSamples: boolean;
  wantsDebug: boolean;
}

/** What a Worker says. After `ready` it waits for `"go"`. */
export type ThreadMessage =
  | { kind: "ready" }
  | { kind: "samples"; samples: RequestSample[] }
  | { kind: "debug"; bytes: Uint8Array }
  | { kind: "done"; report: TallyReport }
  | { kind: "failed"; message: string };

/** Whether a response of `status` counts as good, whatever its content. */
export function isGoodStatus(status: number, expectStatus: number[] | undefined): boolean {
  return expectStatus ? expectStatus.includes(status) : status < 400;
}

const enum Slot {
  Completed,
  Failed,
  P50Us,
  P99Us,
  Length,
}

/** Figures that a thread shows while it runs, in shared memory. */
export class LiveFigures {
  readonly #slots: Float64Array<SharedArrayBuffer>;

  /** Attaches to the figures in `shared`, or makes new ones. */
  constructor(shared = new SharedArrayBuffer(Slot.Length * Float64Array.BYTES_PER_ELEMENT)) {
    this.#slots = new Float64Array(shared);
  }

  /** The memory to post to another thread. */
  get shared(): SharedArrayBuffer {
    return this.#slots.buffer;
  }

  /** Publishes the figures. */
  set(figures: { completed: number; failed: number; p50Us: number; p99Us: number }): void {
    this.#slots[Slot.Completed] = figures.completed;
    this.#slots[Slot.Failed] = figures.failed;
    this.#slots[Slot.P50Us] = figures.p50Us;
    this.#slots[Slot.P99Us] = figures.p99Us;
  }

  /** The figures as they were published last. */
  get(): { completed: number; failed: number; p50Us: number; p99Us: number } {
    return {
      completed: this.#slots[Slot.Completed],
      failed: this.#slots[Slot.Failed],
      p50Us: this.#slots[Slot.P50Us],
      p99Us: this.#slots[Slot.P99Us],
    };
  }
}
