/** The moment at which several machines start together. */
import { setImmediate } from "node:timers";
import { sleep } from "../../system/wait.ts";

/** A timer may be so late. The rest of a wait is spent turning the event loop. */
const TIMER_SLACK_MS = 3;

/** The longest sleep: the clock may be set meanwhile, and the wait may be given up. */
const MAX_SLEEP_MS = 100;

/**
 * Waits until the wall clock shows `epochMs`, milliseconds since the epoch; not at all when that is
 * past. It ends within a fraction of a millisecond.
 *
 * @param isGivenUp looked at now and then: whether to wait no longer
 */
export async function untilEpoch(epochMs: number, isGivenUp = () => false): Promise<void> {
  // `performance.now()` does not follow a clock that is being corrected; other machines' clocks do.
  for (let leftMs; (leftMs = epochMs - Date.now()) > 0 && !isGivenUp();) {
    if (leftMs > TIMER_SLACK_MS) await sleep(Math.min(leftMs - TIMER_SLACK_MS, MAX_SLEEP_MS));
    else await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
