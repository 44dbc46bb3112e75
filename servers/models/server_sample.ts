/**
 * What a server does at one moment, as it tells whoever watches it: plain data, a line of JSON.
 *
 * Everything is read, nothing is derived: who watches takes differences.
 */
import type { CallCounts } from "../net/engines/linux/call_counts.ts";
import type { Counters } from "../net/counters.ts";
import type { WorkerStats } from "../workqueue/mod.ts";

/** What a connection does. */
export const CONNECTION_PHASES = [
  /** It waits for the first byte of a message. */
  "idle",
  /** A part of a head has come. */
  "head",
  /** A part of its content has come. */
  "content",
  /** A Worker has it, or the disk. */
  "working",
  /** Output waits, or is under way. */
  "sending",
  /** Its FIN is sent, and what the peer still sends is thrown away. */
  "lingering",
] as const;

export type ConnectionPhase = (typeof CONNECTION_PHASES)[number];

/** Connections as columns: the values of one connection have the same index in each. */
export interface ConnectionColumns {
  /** Names a connection as long as it is open. */
  ids: number[];
  /** Index into `CONNECTION_PHASES`. */
  phases: number[];
  /** Bytes in its block that were received and are not consumed. */
  inputBytes: number[];
  /** Time until its timeout, in ms; -1 where it has none. */
  untilTimeoutMs: number[];
}

/** What a thread does: it waits for work, runs, or sleeps within work (for a disk, for a peer). */
export type ThreadState = "idle" | "busy" | "blocked";

/** One thread. Counts grow since it was created. */
export interface ThreadSample {
  /** `main`, or the Worker's name: `kworker/0:0` (CPU 0), `kworker/u:1` (unbound). */
  name: string;
  /** Null: it cannot be told. */
  state: ThreadState | null;
  /** Whether there is a Worker at this place now. */
  isAlive: boolean;
  /** What its connections counted, where it has connections of its own. */
  counters?: Counters;
  /** Its system calls, where the engine makes them itself. */
  calls?: CallCounts;
  /** What it ran, for a Worker of a queue. */
  work?: Readonly<WorkerStats>;
}

/** A whole server. */
export interface ServerSample {
  /** When, in ms since the epoch, with fractions. */
  atMs: number;
  /** The sum over its threads. */
  counters: Counters;
  threads: ThreadSample[];
  /** The queue of a pool model; null in others. */
  queue: { waiting: number; active: number; maxActive: number } | null;
  /** Open connections, at most as many as were asked for. */
  connections: ConnectionColumns;
  /** What taking samples has cost this process so far: CPU time of its main thread, in us. */
  costUs: number;
}
