/**
 * A thread's counters and the state of its connection, in memory that another thread can read at
 * any time, because a blocked thread answers no messages.
 */
import type { Doing } from "../../net/connection_list.ts";
import { type Counters, zeroCounters } from "../../net/counters.ts";

const NAMES = Object.keys(zeroCounters()) as (keyof Counters)[];

/**
 * After the counters: the connection's state, and when it times out, in ms since 1970, or 0 for
 * never.
 */
const DOING = NAMES.length;
const TIMEOUT_AT = NAMES.length + 1;
const LENGTH = NAMES.length + 2;

/** Memory for the published state. */
export function publishedState(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * LENGTH));
}

/** Publishes the connection's state. */
export function publishDoing(doing: Doing, published: Float64Array<SharedArrayBuffer>): void {
  published[DOING] = doing;
}

/** Publishes that the connection times out `untilMs` from now; -1 for never. */
export function publishTimeout(untilMs: number, published: Float64Array<SharedArrayBuffer>): void {
  published[TIMEOUT_AT] = untilMs < 0 ? 0 : Date.now() + untilMs;
}

/** The connection's published state, and the time until its timeout in ms, or -1 if it has none. */
export function readDoing(
  published: Float64Array<SharedArrayBuffer>,
): { doing: Doing; untilTimeoutMs: number } {
  const atMs = published[TIMEOUT_AT];
  return {
    doing: published[DOING],
    untilTimeoutMs: atMs === 0 ? -1 : Math.max(0, atMs - Date.now()),
  };
}

/** Publishes `counters`. */
export function publishCounters(
  counters: Counters,
  published: Float64Array<SharedArrayBuffer>,
): void {
  for (let i = 0; i < NAMES.length; ++i) published[i] = counters[NAMES[i]];
}

/** The counters that were last published. */
export function readCounters(published: Float64Array<SharedArrayBuffer>): Counters {
  const counters = zeroCounters();
  for (let i = 0; i < NAMES.length; ++i) counters[NAMES[i]] = published[i];
  return counters;
}
