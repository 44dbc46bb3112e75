/**
 * What a thread counts and what its connection does, for another thread to read at any time, as this
 * one answers no messages.
 */
import type { Doing } from "../../net/connection_list.ts";
import { type Counters, zeroCounters } from "../../net/counters.ts";

const NAMES = Object.keys(zeroCounters()) as (keyof Counters)[];

/** Behind the counters: what the connection does, and when it times out in ms since 1970 or 0. */
const DOING = NAMES.length;
const TIMEOUT_AT = NAMES.length + 1;
const LENGTH = NAMES.length + 2;

/** Memory for them. */
export function publishedState(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * LENGTH));
}

/** Shows what the connection does. */
export function publishDoing(doing: Doing, published: Float64Array<SharedArrayBuffer>): void {
  published[DOING] = doing;
}

/** Shows that the connection times out `untilMs` from now; never with -1. */
export function publishTimeout(untilMs: number, published: Float64Array<SharedArrayBuffer>): void {
  published[TIMEOUT_AT] = untilMs < 0 ? 0 : Date.now() + untilMs;
}

/** What the connection does, and the time until its timeout in ms, -1 where it has none. */
export function readDoing(
  published: Float64Array<SharedArrayBuffer>,
): { doing: Doing; untilTimeoutMs: number } {
  const atMs = published[TIMEOUT_AT];
  return {
    doing: published[DOING],
    untilTimeoutMs: atMs === 0 ? -1 : Math.max(0, atMs - Date.now()),
  };
}

/** Shows `counters` to the other thread. */
export function publishCounters(
  counters: Counters,
  published: Float64Array<SharedArrayBuffer>,
): void {
  for (let i = 0; i < NAMES.length; ++i) published[i] = counters[NAMES[i]];
}

/** What was shown last. */
export function readCounters(published: Float64Array<SharedArrayBuffer>): Counters {
  const counters = zeroCounters();
  for (let i = 0; i < NAMES.length; ++i) counters[NAMES[i]] = published[i];
  return counters;
}
