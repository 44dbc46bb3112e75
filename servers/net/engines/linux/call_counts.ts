/** What an engine that makes system calls itself counts. */

/** System calls that a thread has made for its sockets. */
export interface CallCounts {
  /** Waits for events. */
  waits: number;
  /** Events that they brought. */
  events: number;
  /** All calls: waits, accepts, receives, sends, changes of what is watched, closes. */
  calls: number;
}
