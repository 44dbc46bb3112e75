/**
 * What an owner and its Workers say to each other: arrays, whose first element tells the kind,
 * because they clone faster than objects with names.
 *
 * Which items a Worker has begun is told by a shared cell, not by messages. It holds the sequence
 * number of the item begun last. Before item `s` a Worker swaps `s - 1` for `s`; when the swap
 * fails, the owner has taken the item back (it moved the cell on) and the Worker drops it. So the
 * owner may send several items at once and still take back, at any moment, exactly those that have
 * not begun: behind an item that blocks, or on `cancelWork`. A Worker that drops all items of a
 * message says so (`Dropped`). Numbers wrap at 32 bits.
 */

/** Owner to Worker. */
export const enum ToWorker {
  Init,
  Run,
  Message,
}

/** Worker to owner. */
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

/** What a Worker is told. */
export type OwnerMessage =
  | [ToWorker.Init, facts: WorkerFacts, cell: Int32Array, init: unknown]
  | [ToWorker.Run, firstSeq: number, items: WireItem[]]
  | [ToWorker.Message, seq: number, message: unknown];

/** What a Worker tells. Times are microseconds. */
export type WorkerMessage =
  | [ToOwner.Ready]
  | [ToOwner.Done, seq: number, busyUs: number, result: unknown]
  | [ToOwner.Failed, seq: number, busyUs: number, reason: string]
  | [ToOwner.Dropped]
  | [ToOwner.Sleep]
  | [ToOwner.Message, message: unknown]
  | [ToOwner.Print, lines: string]
  | [ToOwner.Crash, reason: string];

/** What a Worker knows of itself. */
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
