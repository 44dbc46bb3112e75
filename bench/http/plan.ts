/** Messages between the main thread of an HTTP load and its Workers. Plain data. */
import type { ClientEngine } from "../load/engine.ts";
import type { RequestSample } from "../result.ts";
import type { RequestBytes } from "./request.ts";
import type { TallyReport } from "./tally.ts";
import type { IntervalPart } from "../stats/timeline.ts";
import type { Origins } from "./origins.ts";

/** A Worker's part of the load; the first message to it. */
export interface ThreadPlan {
  /** Number of this thread, from 0. */
  index: number;
  threads: number;
  engine: ClientEngine;
  /** Connections of this thread. */
  concurrency: number;
  /** The servers, and each request's server. */
  origins: Origins;
  requests: RequestBytes;
  pipeline: number;
  isKeepAlive: boolean;
  /** Whether the requests are HEAD; an array if they differ. */
  isHead: boolean | boolean[];
  /** Memory of the `Budget`. */
  budget: SharedArrayBuffer;
  /** Starts per second over all threads; 0 for a closed loop. */
  ratePerSecond: number;
  /** When each request of all threads is due, once, instead of a rate; see `listed`. */
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
  /**
   * Interval at which records are handed over while the load runs, see `timeline.ts`; null: they
   * are not.
   */
  intervalMs: number | null;
}

/** A Worker's messages. After `ready` it waits for `"go"`. */
export type ThreadMessage =
  | { kind: "ready" }
  | { kind: "samples"; samples: RequestSample[] }
  | { kind: "debug"; bytes: Uint8Array }
  | { kind: "interval"; part: IntervalPart }
  /** None of the first connects succeeded, as `message` explains. */
  | { kind: "nobody"; message: string }
  | { kind: "done"; report: TallyReport }
  | { kind: "failed"; message: string };

/** Whether a response of `status` counts as good, whatever its content. */
export function isGoodStatus(status: number, expectStatus: number[] | undefined): boolean {
  return expectStatus ? expectStatus.includes(status) : status < 400;
}
