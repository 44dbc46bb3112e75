/** Waiting: for a time, and for what may not come in time. */

/** The longest delay that a timer takes, in ms: about 24 days. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Resolves after `ms`. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits for `done`, but at most `graceMs`. @returns whether it came in time */
export async function settledWithin(done: Promise<unknown>, graceMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(graceMs, MAX_DELAY_MS));
  });
  try {
    return await Promise.race([done.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
