/** The clock of a load: of latencies, of intended starts, of timeouts. */

let source: () => number = () => performance.now() * 1000;

/** Microseconds since this thread began. */
export function clockUs(): number {
  return source();
}

/** Lets this thread go by another clock, in microseconds: that of a simulation. */
export function useClock(otherUs: () => number): void {
  source = otherUs;
}
