/** The timer slack of a thread, by which the kernel may delay its timed waits: prctl(2). */
import { libc } from "./libc.ts";

const PR_SET_TIMERSLACK = 29;

/**
 * Makes timed waits of this thread end on time, to a nanosecond. By default the kernel may delay
 * them by 50 µs, to wake several threads at once.
 */
export function removeTimerSlack(): void {
  // This does not fail; if it did, waits would only be 50 µs late.
  libc().calls.prctl(PR_SET_TIMERSLACK, 1n);
}
