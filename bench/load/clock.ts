/** The clock of a load, for latencies, intended starts and timeouts. */

let source: () => number = () => performance.now() * 1000;

/** Microseconds since this thread began. */
export function clockUs(): number {
  return source();
}

/** Makes this thread use another clock, in microseconds, such as that of a simulation. */
export function useClock(otherUs: () => number): void {
  source = otherUs;
}
