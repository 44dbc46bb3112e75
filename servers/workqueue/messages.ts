/**
 * The messages between an owner and its Workers. They are arrays, whose first element names the
 * kind, because arrays clone faster than objects.
 *
 * Items travel in batches and are numbered; numbers wrap at 32 bits. Each Worker shares a cell with
 * its owner. Word 0 holds the number of the last item begun. Before item `s` the Worker swaps `s -
 * 1` for `s`. The owner takes back the items that have not begun by swapping in a number that no
 * item has: the Worker's next swap then fails, and it drops the rest of the batch. So the owner may
 * send several items at once and still take back, at any moment, exactly those that have not begun.
 *
 * The Worker's last message about a batch is `Done` or `Failed` of its last item, or `Dropped`.
 * The owner sends the next batch after that message and not before:
 *
 * | owner's state | it has                      | leaves it by                                    |
 * | ------------- | --------------------------- | ----------------------------------------------- |
 * | idle          | no job                      | `Run`: open                                     |
 * | open          | jobs, begun or not          | the last `Done` or `Failed`: idle; taking back: |
 * |               |                             | dropping, or closed when all had begun          |
 * | closed        | jobs that all have begun    | the last `Done` or `Failed`: idle               |
 * | dropping      | jobs that have begun, or no | `Dropped`: idle                                 |
 * |               | job any more                |                                                 |
 *
 * | Worker's state | it has                   | leaves it by                                      |
 * | -------------- | ------------------------ | ------------------------------------------------- |
 * | idle           | no item                  | `Run`: between                                    |
 * | between        | items that wait          | swap succeeds: running; fails: `Dropped`, idle    |
 * | running        | an item, and perhaps     | the item ends: `Done` or `Failed`, then between   |
 * |                | others that wait         | or, after the last one, idle                      |
 *
 * A crash ends both from any state. Messages to an item carry its number. The Worker keeps those
 * for an item that waits, and drops those for an item that has ended. Another word of the cell
 * (`readWord`) counts how many of them an item's function has read. The owner keeps a message until
 * it is read: when the item is taken back, the message travels with it again, and when the item
 * ends first, the message is handed back. The last two words tell that the running item waits for
 * its promise, and that it sleeps in a call, as it reports itself.
 */

/** The most items that travel in one message. */
export const MAX_BATCH = 32;
/** The words of the cell: the last item begun, one for each item of a batch, and the next two. */
export const CELL_WORDS = 3 + MAX_BATCH;
/** The word of the cell that is 1 while the running item waits for its promise. */
export const ASLEEP_WORD = 1 + MAX_BATCH;
/** The word of the cell that is 1 while the running item sleeps in a call. */
export const BLOCKED_WORD = 2 + MAX_BATCH;
/** The word of the cell that holds the number of the last item begun. */
export const BEGUN_WORD = 0;

/** The word of the cell that tells how many messages item `seq` has read, once it has begun. */
export function readWord(seq: number): number {
  return 1 + (seq & (MAX_BATCH - 1));
}

/** Owner to Worker. */
export const enum ToWorker {
  Init,
  Run,
  Message,
}

/** Worker to owner; `Dropped` says that the Worker found items of a batch taken back. */
export const enum ToOwner {
  Ready,
  Done,
  Failed,
  Dropped,
  Sleep,
  Message,
  Print,
  Crash,
}

/** An item as it travels: function, data, messages sent to it before it began. */
export type WireItem = [func: string, data: unknown, messages: unknown[] | null];

/** What an owner sends to a Worker. */
export type OwnerMessage =
  | [ToWorker.Init, facts: WorkerFacts, cell: Int32Array, init: unknown, port: MessagePort | null]
  | [ToWorker.Run, firstSeq: number, items: WireItem[]]
  | [ToWorker.Message, seq: number, message: unknown];

/** What a Worker sends to its owner. Times are in microseconds. */
export type WorkerMessage =
  | [ToOwner.Ready]
  | [ToOwner.Done, seq: number, busyUs: number, result: unknown]
  | [ToOwner.Failed, seq: number, busyUs: number, reason: string]
  | [ToOwner.Dropped]
  | [ToOwner.Sleep]
  | [ToOwner.Message, message: unknown]
  | [ToOwner.Print, lines: string]
  | [ToOwner.Crash, reason: string];

/** What a Worker knows about itself. */
export interface WorkerFacts {
  /** Its name, as in the statistics: `kworker/0:1`, `kworker/u:3`. */
  name: string;
  /** The core whose pool it belongs to, or `null` in an unbound pool. */
  cpu: number | null;
}

/** Whether sequence number `a` is `b` or later, across the wrap. */
export function isAtLeast(a: number, b: number): boolean {
  return ((a - b) | 0) >= 0;
}
