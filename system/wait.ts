/** Waits for a time, or for a promise within a time. */
import { systemClock } from "./clock.ts";

/** The longest delay that a timer supports, in ms: about 24 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for `done`, but at most `graceMs`. @returns whether it settled in time */
export async function settledWithin(
  done: Promise<unknown>,
  graceMs: number,
  clock = systemClock,
): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = clock.setTimeout(() => late.resolve(false), Math.min(graceMs, MAX_DELAY_MS));
  try {
    return await Promise.race([done.then(() => true), late.promise]);
  } finally {
    clock.clearTimeout(timer);
  }
}
