/**
 * What every concurrency model provides: a running server that can be observed and stopped.
 */
import type { Certificate } from "../net/listen_options.ts";
import type { Users } from "../files/htpasswd.ts";
import type { QueueSample, ThreadSample } from "./server_sample.ts";

/** Most connections that an observation may list. */
export const MAX_LISTED = 2000;

/** How a server is observed. */
export interface Look {
  /**
   * How long threads have to answer, in ms; after that, their last answers are used. The states
   * reported are those at the beginning of this time.
   */
  patienceMs: number;
  /** Most connections that are listed; at most `MAX_LISTED`. */
  maxConnections: number;
}

/** Waits for all threads to report complete counts, and lists no connections. */
export const COUNTED: Look = { patienceMs: Infinity, maxConnections: 0 };

/** What a server has done, and its present state. */
export interface Observation {
  /** Its threads. */
  threads: ThreadSample[];
  /** The queue of a pool model; null in others. */
  queue: QueueSample | null;
  /** Lists of connections, each the words of a `ConnectionList`. */
  connections: Int32Array[];
  /** Time that observing has cost other threads so far, in us; at least their CPU time for it. */
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
   * Uses another certificate for new connections. Connections to the sockets with the old one have
   * five seconds to be accepted. Absent: the server does not speak TLS, or cannot renew its
   * certificate here.
   *
   * @throws the system's error when no socket can be opened for it; the old one stays in use then
   */
  renew?(certificate: Certificate): Promise<void>;
  /** Replaces the users who may come in. Absent: the server was started without users. */
  setUsers?(users: Users): void;
  /** Observes what it has done so far, and its present state. @param look default: `COUNTED` */
  observe(look?: Look): Promise<Observation>;
  /**
   * Drains: accepts no new connections, closes idle ones at once, and lets the others finish.
   *
   * @returns how many were cut off after `graceMs`
   */
  stop(graceMs: number): Promise<number>;
}

/** A promise that rejects when `accepting` does, and never resolves. */
export function failureOf(accepting: Promise<void>): Promise<never> {
  const failed = accepting.then(() => new Promise<never>(() => {}));
  // A rejection that no caller handles must not end the program.
  failed.catch(() => {});
  return failed;
}
