/** How answers leave their sockets, as plain data: what experiments with small segments vary. */

/** How answers are sent. */
export interface SendOptions {
  /**
   * In how many sends an answer leaves, at least 1. Each thing that would be sent at once is cut into
   * so many equal parts, or into as many as it has bytes: the answers of a pipelined batch, or a
   * piece of content that is streamed.
   */
  writes: number;
  /** TCP_NODELAY: small segments leave at once. False: Nagle's algorithm holds them back. */
  noDelay: boolean;
  /**
   * TCP_CORK, while there is something to send: only full segments leave before the last part. For
   * engines that make system calls, and TCP.
   */
  cork: boolean;
}

/** One send an answer: Nagle's algorithm would only delay it. */
export const DEFAULT_SENDING: SendOptions = { writes: 1, noDelay: true, cork: false };
