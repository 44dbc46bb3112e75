/**
 * The interface by which procedures that only need correct exchanges work with both HTTP and echo.
 */

/** The state of an answer: more bytes must come, it is complete and right, or it is wrong. */
export type Progress = "more" | "done" | Wrong;

/** What is wrong with an answer, in a few words. */
export interface Wrong {
  why: string;
  /** The id of the cause, where the answer itself shows it. */
  cause?: string;
}

/** A protocol of exchanges: each message gets an answer. */
export interface Protocol {
  /** Message number `n`; all messages differ, as far as the protocol allows. */
  message(n: number): Uint8Array<ArrayBuffer>;
  /**
   * Judges the bytes received on a connection on which messages `first`…`first + count - 1` were
   * sent.
   */
  progress(received: Uint8Array, first: number, count: number): Progress;
  /** A prefix of a message that is not a complete message. */
  partial(): Uint8Array<ArrayBuffer>;
  /**
   * Follows the answers as they arrive; absent: an answer that is cut off anywhere is still right.
   */
  watch?(): Watch;
  /** What should have been received, in words. */
  expected: string;
}

/** Follows what is received on a connection. */
export interface Watch {
  push(received: Uint8Array): void;
  /** Whether everything received consists of complete answers. */
  isWhole(): boolean;
}
