/** The clock of a load: of latencies, of intended starts, of timeouts. */

/** Microseconds since this thread began. */
export function clockUs(): number {
  return performance.now() * 1000;
}
