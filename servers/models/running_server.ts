/**
 * What every concurrency model offers: a running server and what its threads did.
 */
import type { Counters } from "../net/counters.ts";
import type { CallCounts } from "../net/engines/linux/call_counts.ts";
import type { Certificate } from "../net/listen_options.ts";
import type { Users } from "../files/htpasswd.ts";
import type { WorkerStats } from "../workqueue/mod.ts";

/** What one thread did. */
export interface ThreadReport {
  /** `main`, or the Worker's name: `kworker/0:0` (CPU 0), `kworker/u:1` (unbound). */
  name: string;
  /** What its connections counted, for a thread that has connections of its own. */
  counters?: Counters;
  /** System calls that it has made for its sockets, where the engine makes them itself. */
  calls?: CallCounts;
  /** What it ran, for a Worker of an unbound queue. */
  work?: Readonly<WorkerStats>;
}

/** A server that runs in some model. */
export interface RunningServer {
  /** `127.0.0.1:8081`, `[::1]:8081` or `unix:/path`. */
  readonly address: string;
  /** The port that was bound, 0 for a Unix domain socket. */
  readonly port: number;
  /** Where its metrics are served, as `address`. */
  readonly metricsAddress?: string;
  /** Where it redirects http to itself, as `address`. */
  readonly redirectAddress?: string;
  /** Rejects when the server cannot go on. */
  readonly failed: Promise<never>;
  /**
   * Uses another certificate for connections from now on. Those to the sockets with the old one have
   * five seconds to be accepted. Absent: it speaks no TLS, or this cannot be done here.
   *
   * @throws the system's error when there can be no socket for it; the old one stays then
   */
  renew?(certificate: Certificate): Promise<void>;
  /** Lets others come in from now on. Absent: it was started without users. */
  setUsers?(users: Users): void;
  /** What each thread did so far. */
  reports(): Promise<ThreadReport[]>;
  /**
   * Drains: no new connections, idle ones are closed at once, others finish what they do.
   *
   * @returns how many were cut off after `graceMs`
   */
  stop(graceMs: number): Promise<number>;
}

/** A promise that only ever rejects, as `accepting` does; it never resolves. */
export function failureOf(accepting: Promise<void>): Promise<never> {
  const failed = accepting.then(() => new Promise<never>(() => {}));
  // Whoever does not watch it is not to be ended by it.
  failed.catch(() => {});
  return failed;
}
