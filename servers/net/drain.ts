/**
 * Draining: idle connections get a FIN at once, requests in progress are finished.
 */
import { systemClock } from "../../system/clock.ts";
import { settledWithin } from "../../system/wait.ts";

/** Interval at which connections that are not idle yet are checked, in ms. */
const SWEEP_MS = 20;

/** Something that can be told to end. */
export interface Drainable {
  /** Begins to end if nothing is in progress. Called repeatedly. */
  endIfIdle(): void;
}

/**
 * Ends each of `connections` as soon as it is idle, until `ended` resolves or `graceMs` are over.
 *
 * A connection that only receives is idle. The kernel may have received bytes for it already, so
 * the event loop gets a turn to read them before the first check.
 *
 * @returns whether they ended in time
 */
export async function drainConnections(
  connections: Iterable<Drainable>,
  ended: Promise<unknown>,
  graceMs: number,
  clock = systemClock,
): Promise<boolean> {
  const sweep = () => {
    for (const connection of connections) connection.endIfIdle();
  };
  const first = clock.setTimeout(sweep, 0);
  const interval = clock.setInterval(sweep, SWEEP_MS);
  try {
    return await settledWithin(ended, graceMs, clock);
  } finally {
    clock.clearTimeout(first);
    clock.clearInterval(interval);
  }
}
