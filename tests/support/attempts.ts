/** For tests of time on machines that do something else as well. */

/** Runs `attempt` until it succeeds, at most `most` times; throws what the last one threw. */
export async function withinAttempts(most: number, attempt: () => Promise<void>): Promise<void> {
  for (let left = most - 1;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/**
 * How much wider than on a quiet machine the bounds of time have to be: there is no more to learn
 * from a few milliseconds where many processes compete for each core.
 */
export function slack(): number {
  return Deno.loadavg()[0] > 1.5 * navigator.hardwareConcurrency ? 5 : 1;
}
