/** Counters of an engine that makes its own system calls. */

/** System calls that a thread has made for its sockets. */
export interface CallCounts {
  /** Waits for events. */
  waits: number;
  /** Events that the waits returned. */
  events: number;
  /** All calls: waits, accepts, receives, sends, changes of what is watched, closes. */
  calls: number;
}
