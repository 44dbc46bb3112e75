/**
 * What procedures that only need "an exchange that is right" know of HTTP or echo: they hold for
 * both, and stand once.
 */

/** How an answer stands: more bytes have to come, it is right, or it is wrong. */
export type Progress = "more" | "done" | Wrong;

/** What is wrong with an answer, in a few words. */
export interface Wrong {
  why: string;
  /** The id of the cause, where the answer itself shows it. */
  cause?: string;
}

/** A protocol of exchanges: a message is sent, and its answer comes. */
export interface Protocol {
  /** The message number `n`; no two are alike, as far as the protocol can tell them apart. */
  message(n: number): Uint8Array<ArrayBuffer>;
  /** Judges what was received on a connection on which messages `first`…`first + count - 1` were sent. */
  progress(received: Uint8Array, first: number, count: number): Progress;
  /** Where a message is incomplete: a prefix that is no message yet. */
  partial(): Uint8Array<ArrayBuffer>;
  /** Watches answers as they come; without it, answers can be cut anywhere and are right. */
  watch?(): Watch;
  /** What should have come, in words. */
  expected: string;
}

/** Follows what is received on a connection. */
export interface Watch {
  push(received: Uint8Array): void;
  /** Whether all that was received are whole answers. */
  isWhole(): boolean;
}
