/**
 * What every concurrency model offers: a running server, and a look at what it does.
 */
import type { Certificate } from "../net/listen_options.ts";
import type { Users } from "../files/htpasswd.ts";
import type { QueueSample, ThreadSample } from "./server_sample.ts";

/** Connections that a look may list at the most. */
export const MAX_LISTED = 2000;

/** How a server is looked at. */
export interface Look {
  /**
   * How long threads that are asked have to answer, in ms: then what they answered last stands.
   * What they do at the beginning of this time is what they do.
   */
  patienceMs: number;
  /** Connections that are listed at the most, and at most `MAX_LISTED`. */
  maxConnections: number;
}

/** All that was done counts, and no connection is listed. */
export const COUNTED: Look = { patienceMs: Infinity, maxConnections: 0 };

/** What a server did, and what it does. */
export interface Observation {
  /** Its threads. */
  threads: ThreadSample[];
  /** The queue of a pool model; null in others. */
  queue: QueueSample | null;
  /** The words of lists of connections. */
  connections: Int32Array[];
  /** Time that observing has taken other threads so far, in us: no less than their CPU time. */
  costUs: number;
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
  /** What it did so far, and what it does. @param look default: `COUNTED` */
  observe(look?: Look): Promise<Observation>;
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
