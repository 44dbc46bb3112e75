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
 * Whether so many processes compete for each core that times to a few milliseconds say nothing
 * about the code under test.
 */
export function isOverloaded(): boolean {
  return Deno.loadavg()[0] > 1.5 * navigator.hardwareConcurrency;
}
