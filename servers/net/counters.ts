/**
 * What a server counts.
 */

/** Counters of connections, summed over a server. */
export interface Counters {
  /** Connections accepted. */
  connections: number;
  /** Connections that are open now. */
  open: number;
  /** Requests or pieces of messages answered. */
  served: number;
  /** Bytes received. */
  bytesIn: number;
  /** Bytes sent. */
  bytesOut: number;
  /** Connections that ended by a reset or another failure of the socket. */
  resets: number;
  /** Connections that were closed by a timeout. */
  timeouts: number;
  /** Connections that were refused or cut off for lack of memory or another resource. */
  overloads: number;
}

/** Counters at the start. */
export function zeroCounters(): Counters {
  return {
    connections: 0,
    open: 0,
    served: 0,
    bytesIn: 0,
    bytesOut: 0,
    resets: 0,
    timeouts: 0,
    overloads: 0,
  };
}

/** The sum of several threads' counters. */
export function sumCounters(all: readonly Counters[]): Counters {
  const sum = zeroCounters();
  for (const counters of all) {
    for (const name of Object.keys(sum) as (keyof Counters)[]) sum[name] += counters[name];
  }
  return sum;
}
