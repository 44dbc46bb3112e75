/** Conditions that come true some time, instead of sleeping for luck. */
import { sleep } from "../../system/wait.ts";

/** What takes longer never comes, also on a machine that is busy. */
const DEADLINE_MS = 20_000;

/** From one look to the next: a tenth of the time so far, within these bounds. Looks cost CPU time. */
const SHORTEST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 20;

/**
 * Waits until `condition` holds.
 *
 * @param what what is waited for, in an error; default: the text of `condition`
 * @throws {Error} after twenty seconds
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string) = String(condition),
): Promise<void> {
  const startMs = performance.now();
  while (!await condition()) {
    const waitedMs = performance.now() - startMs;
    if (waitedMs > DEADLINE_MS) {
      const text = typeof what === "string" ? what : what();
      throw new Error(`Not within ${DEADLINE_MS / 1000} s: ${text}`);
    }
    await sleep(Math.min(Math.max(waitedMs / 10, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS));
  }
}
