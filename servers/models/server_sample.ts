/**
 * A server's state at one moment, as it is reported to an observer: plain data, a line of JSON.
 *
 * All values are read and none is derived: the observer takes differences.
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
   * The state at the moment of the sample. For the thread that takes samples, it is what the thread
   * did for most of the time since the last sample. Null: unknown.
   */
  state: ThreadState | null;
  /** Whether there is a Worker at this place now. */
  isAlive: boolean;
  /** The counters of its connections, where it has connections of its own. */
  counters?: Counters;
  /** Its system calls, where the engine makes them itself. */
  calls?: CallCounts;
  /**
   * Time that the thread ran, and time that it was runnable but waited for a CPU, in us; absent
   * where the kernel does not report it. A Worker that replaces another starts from 0.
   */
  cpuUs?: number;
  /** See `cpuUs`. */
  waitedUs?: number;
  /** Statistics of the items that it ran, for a Worker of a queue. */
  work?: Readonly<WorkerStats>;
}

/** A queue. */
export interface QueueSample {
  /** Items that no Worker has taken; where sockets are items, only listed ones are counted. */
  waiting: number;
  /** Items that count against `maxActive`: those that a Worker has, and those next in line. */
  active: number;
  /** As set for the server. */
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
   * What earlier samples have cost this process: CPU time of its threads, in us. Where `main`
   * serves connections, this leaves out the turns of its event loop that start a sample, about 0.1
   * ms each.
   */
  costUs: number;
}
