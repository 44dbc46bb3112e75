/** How late the kernel may wake a thread that waits for a time: prctl(2). */
import { libc } from "./libc.ts";

const PR_SET_TIMERSLACK = 29;

/**
 * Lets waits of this thread end when their time is over, to a nanosecond. By default the kernel takes
 * 50 µs more, to wake several threads at once.
 */
export function removeTimerSlack(): void {
  // It does not fail; and if it did, waits would be 50 µs late.
  libc().calls.prctl(PR_SET_TIMERSLACK, 1n);
}
