/** How answers are sent, as plain data; experiments with small segments vary it. */

/** How answers are sent. */
export interface SendOptions {
  /**
   * Number of sends for an answer, at least 1. Whatever would leave in one send (the answers of a
   * pipelined batch, or a piece of streamed content) is split into this many equal parts, or one
   * per byte if it has fewer bytes.
   */
  writes: number;
  /** TCP_NODELAY: small segments are sent at once. False: Nagle's algorithm delays them. */
  noDelay: boolean;
  /**
   * TCP_CORK while there is something to send: only full segments leave before the last part.
   * Requires TCP and an engine that makes its own system calls.
   */
  cork: boolean;
}

/** The defaults: one send per answer, which Nagle's algorithm would only delay. */
export const DEFAULT_SENDING: SendOptions = { writes: 1, noDelay: true, cork: false };
