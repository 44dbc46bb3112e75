/** For tests of time on machines that do something else as well. */

/** What others do on the machine may spoil a run; what the code under test does wrong spoils each. */
const ATTEMPTS = 5;

/** A test whose verdict depends on the machine having time for it: one good run is enough. */
export function timed(name: string, run: () => Promise<void>): void {
  Deno.test(name, () => withinAttempts(run));
}

/** Runs `attempt` until it succeeds, at most five times; throws what the last one threw. */
export async function withinAttempts(attempt: () => Promise<void>): Promise<void> {
  for (let left = ATTEMPTS - 1;; left--) {
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
