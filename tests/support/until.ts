/** Conditions that come true some time, instead of sleeping for luck. */
import { sleep } from "../../system/wait.ts";

/** What takes longer never comes, also on a machine that is busy. */
const DEADLINE_MS = 20_000;

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
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    if (performance.now() > deadlineMs) {
      const text = typeof what === "string" ? what : what();
      throw new Error(`Not within ${DEADLINE_MS / 1000} s: ${text}`);
    }
    await sleep(2);
  }
}
