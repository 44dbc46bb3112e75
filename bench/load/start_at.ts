/** Waits for the moment at which several machines start together. */
import { setImmediate } from "node:timers";
import { sleep } from "../../system/wait.ts";

/** A timer may be this late, in ms. The rest of a wait spins the event loop. */
const TIMER_SLACK_MS = 3;

/** The longest sleep, in ms: the clock may be set meanwhile, or the wait given up. */
const MAX_SLEEP_MS = 100;

/**
 * Waits until the wall clock shows `epochMs`, milliseconds since the epoch; returns at once if that
 * is past. It ends within a fraction of a millisecond.
 *
 * @param isGivenUp called periodically: whether to stop waiting
 */
export async function untilEpoch(epochMs: number, isGivenUp = () => false): Promise<void> {
  // `performance.now()` does not follow a clock that is being corrected; other machines' clocks do.
  for (let leftMs; (leftMs = epochMs - Date.now()) > 0 && !isGivenUp();) {
    if (leftMs > TIMER_SLACK_MS) await sleep(Math.min(leftMs - TIMER_SLACK_MS, MAX_SLEEP_MS));
    else await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
