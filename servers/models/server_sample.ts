/**
 * What a server does at one moment, as it tells whoever watches it: plain data, a line of JSON.
 *
 * Everything is read, nothing is derived: who watches takes differences.
 */
import type { ConnectionColumns } from "../net/connection_list.ts";
import type { CallCounts } from "../net/engines/linux/call_counts.ts";
import type { Counters } from "../net/counters.ts";
import type { WorkerStats } from "../workqueue/mod.ts";

export {
  CONNECTION_PHASES,
  type ConnectionColumns,
  type ConnectionPhase,
} from "../net/connection_list.ts";

/** What a thread does: it waits for work, runs, or sleeps within work (for a disk, for a peer). */
export type ThreadState = "idle" | "busy" | "blocked";

/** One thread. Counts grow since it was created. */
export interface ThreadSample {
  /** `main`, or the Worker's name: `kworker/0:0` (CPU 0), `kworker/u:1` (unbound). */
  name: string;
  /**
   * At the moment of the sample; of the thread that takes samples, what it did for most of the time
   * since the last one. Null: it cannot be told.
   */
  state: ThreadState | null;
  /** Whether there is a Worker at this place now. */
  isAlive: boolean;
  /** What its connections counted, where it has connections of its own. */
  counters?: Counters;
  /** Its system calls, where the engine makes them itself. */
  calls?: CallCounts;
  /**
   * Time that it ran, and that it was ready to run and waited for a CPU, in us; absent where the
   * kernel does not tell. A Worker that takes the place of another begins anew.
   */
  cpuUs?: number;
  /** See `cpuUs`. */
  waitedUs?: number;
  /** What it ran, for a Worker of a queue. */
  work?: Readonly<WorkerStats>;
}

/** A queue. */
export interface QueueSample {
  /** Items that no Worker has; where sockets are items, among as many as are listed. */
  waiting: number;
  /** Items that count against `maxActive`: those that a Worker has, and the next ones. */
  active: number;
  /** As the server was told. */
  maxActive: number;
}

/** A whole server. */
export interface ServerSample {
  /** When, in ms since the epoch, with fractions. */
  atMs: number;
  /** The sum over its threads. */
  counters: Counters;
  /** Its threads, `main` first where it has connections. */
  threads: ThreadSample[];
  /** The queue of a pool model; null in others. */
  queue: QueueSample | null;
  /** Open connections, at most as many as were asked for. */
  connections: ConnectionColumns;
  /**
   * What the samples before this one have cost this process: CPU time of its threads, in us. Where
   * `main` serves, less the turns of its event loop that begin them, a tenth of a millisecond each.
   */
  costUs: number;
}
