/**
 * The service seam: a protocol over the core. Bytes in, effects out.
 *
 * A service is synchronous (one that stands for a service on another thread is not) and holds no
 * socket, clock or file. What it knows of a connection stands in the connection's block of core
 * memory, so that any thread with an instance over that memory can go on with it: `conn` is
 * nothing but the block's address.
 */

/** What the driver of a connection shall do next. Output that waits is always sent first. */
export const enum Effect {
  /** Receive more, then call `receive`. */
  Read = 0,
  /** Send the piece of the input that `Core.pieceStart` names, then call `receive`. */
  SendPiece = 1,
  /** Send what waits, then call `receive`. */
  Flush = 2,
  /** Close. */
  Close = 3,
  /** Half-close, drain what the peer still sends for a bounded time, close. */
  Linger = 4,
  /** Call `respond` and wait for it. */
  Respond = 5,
}

/** What a connection waits for when it receives: chooses the timeout that applies. */
export const enum Phase {
  /** The first byte of a message. */
  Idle = 0,
  /** The rest of a head: the time counts from its first byte. */
  Head = 1,
  /** More of the content: the time counts from the last byte. */
  Content = 2,
}

/** What a service's `respond` may do with the connection while it is asynchronous. */
export interface Sender {
  /** Bytes that were sent so far, those of a write that failed in the middle included. */
  readonly sentBytes: number;
  /** Sends all output that waits. */
  flush(): Promise<void>;
  /** Sends `view` behind it. */
  write(view: Uint8Array): Promise<void>;
}

/** An answer on its way to the thread that has the socket: plain data of the service's own. */
export type Handed = object;

/** A protocol. */
export interface Service {
  /**
   * Consumes what was received on `conn` and appends output. A service on another thread answers
   * with a promise.
   */
  receive(conn: number): Effect | Promise<Effect>;
  /** The peer has sent its FIN; everything before it was consumed. */
  finish(conn: number): Effect | Promise<Effect>;
  /**
   * Whether there is anything to answer in what was received on `conn`: a whole head, or a fault.
   * Absent: any byte is.
   */
  hasMessage?(conn: number): boolean;
  /** What `conn` is waiting for. */
  phase(conn: number): Phase;
  /** The time for a head or content is over. */
  expire(conn: number): Effect;
  /** Goes on with what `receive` answered `Effect.Respond` to. */
  respond?(conn: number, sender: Sender): Promise<Effect>;
  /**
   * Like `respond`, on a thread without the socket.
   *
   * @returns what to do next, or an answer for `takeOver` of the thread that has the socket
   */
  handOver?(conn: number): Promise<Effect | Handed>;
  /**
   * Holds an answer that another thread has handed over, for `respond`.
   *
   * @returns false when it cannot be sent any more: `retry` makes it anew
   */
  takeOver?(conn: number, handed: Handed): boolean | Promise<boolean>;
  /**
   * Answers the current request again, as the answer that was handed over could not be sent.
   *
   * @param tries how often that happened
   */
  retry?(conn: number, tries: number): Effect;
  /** Once a second, and when the first connection comes: the time, in ms since the epoch. */
  tick?(nowMs: number): void;
  /** Writes what it logged so far, so that what another thread logs next comes behind it. */
  flushLog?(): void;
  /** From now on, answer what is there and ask for no more. */
  drain?(): void;
  /** `conn` was opened by `peer` (an address without port), or comes to this thread. */
  opened?(conn: number, peer: string): void;
  /** `conn` is about to be closed, or leaves this thread. */
  closed?(conn: number): void;
  /** The socket of `conn` is closed; nobody needs the effect that is still awaited, if one is. */
  aborted?(conn: number): void;
  /** A client came or went: `clients` are there now. */
  clientsChanged?(clients: number, peer: string, hasCome: boolean): void;
}
