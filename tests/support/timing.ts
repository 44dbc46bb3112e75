/**
 * For tests that compare times: what else the machine does can spoil a measurement, but it does
 * not repair what is wrong.
 */

/** Measurements that may be spoiled before the last one counts. */
const TRIES = 4;

/** Runs `measure` until it does not throw, at most four times. @throws what the last one throws */
export async function measured(measure: () => void | Promise<void>): Promise<void> {
  for (let left = TRIES - 1;; --left) {
    try {
      return await measure();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
