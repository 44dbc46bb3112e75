/** Counters of a thread that another one can read at any time, as it answers no messages. */
import { type Counters, zeroCounters } from "../../net/counters.ts";

const NAMES = Object.keys(zeroCounters()) as (keyof Counters)[];

/** Memory for them. */
export function publishedCounters(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(8 * NAMES.length));
}

/** Shows `counters` to the other thread. */
export function publish(counters: Counters, published: Float64Array<SharedArrayBuffer>): void {
  for (let i = 0; i < NAMES.length; ++i) published[i] = counters[NAMES[i]];
}

/** What was shown last. */
export function readPublished(published: Float64Array<SharedArrayBuffer>): Counters {
  const counters = zeroCounters();
  for (let i = 0; i < NAMES.length; ++i) counters[NAMES[i]] = published[i];
  return counters;
}
