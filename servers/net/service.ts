/**
 * The interface of services: a protocol over the core. Bytes in, effects out.
 *
 * A service is synchronous, unless it forwards to a service on another thread, and holds no socket,
 * clock or file. The state of a connection is kept in its block of core memory, so that any thread
 * with an instance over that memory can continue it. `conn` is the address of the block.
 */

/** What the driver of a connection does next. Waiting output is always sent first. */
export const enum Effect {
  /** Receive more, then call `receive`. */
  Read = 0,
  /** Send the piece of the input that `Core.pieceStart` names, then call `receive`. */
  SendPiece = 1,
  /** Send the waiting output, then call `receive`. */
  Flush = 2,
  /** Close. */
  Close = 3,
  /** Half-close, drain what the peer still sends for a bounded time, close. */
  Linger = 4,
  /** Call `respond` and wait for it. */
  Respond = 5,
}

/** What a connection waits for when it receives; determines the timeout. */
export const enum Phase {
  /** The first byte of a message. */
  Idle = 0,
  /** The rest of a head: the time counts from its first byte. */
  Head = 1,
  /** More of the content: the time counts from the last byte. */
  Content = 2,
}

/** A range of an open file. */
export interface FileRange {
  /** The descriptor of a regular file. */
  file: number;
  /** Offset of the first byte. */
  offset: number;
  /** Number of bytes. */
  length: number;
}

/** What a service's `respond` may do with the connection while it is asynchronous. */
export interface Sender {
  /** Bytes sent so far, including those of a write that failed halfway. */
  readonly sentBytes: number;
  /** Sends all waiting output. */
  flush(): Promise<void>;
  /** Sends `view` after the output. */
  write(view: Uint8Array): Promise<void>;
  /**
   * Sends bytes of a file after the output, without copying them through this program. Absent: the
   * engine cannot.
   *
   * @returns the bytes sent; fewer than asked for when the file ends before
   * @throws the error of reading the file
   */
  sendFile?(range: FileRange): Promise<number>;
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
   * Whether the input of `conn` holds anything to answer: a complete head, or a fault. Absent: any
   * byte is.
   */
  hasMessage?(conn: number): boolean;
  /** What `conn` is waiting for. */
  phase(conn: number): Phase;
  /** The timeout of a head or of content has expired. */
  expire(conn: number): Effect;
  /** Refuses what was received on `conn`, because no thread had time for it. */
  refuse?(conn: number): Effect;
  /** Answers the request for which `receive` returned `Effect.Respond`. */
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
   * @returns false when it can no longer be sent: `retry` makes a new one
   */
  takeOver?(conn: number, handed: Handed): boolean | Promise<boolean>;
  /**
   * Answers the current request again, because the answer that was handed over could not be sent.
   *
   * @param tries how often this happened
   */
  retry?(conn: number, tries: number): Effect;
  /**
   * Called at each tick, and when the first connection is opened. @param nowMs ms since the epoch
   */
  tick?(nowMs: number): void;
  /** Writes its log so far, so that lines that another thread logs next come after it. */
  flushLog?(): void;
  /** From now on, answers the requests received so far and asks for no more. */
  drain?(): void;
  /** `conn` was opened by `peer` (an address without port), or arrives on this thread. */
  opened?(conn: number, peer: string): void;
  /** `conn` is about to be closed, or leaves this thread. */
  closed?(conn: number): void;
  /** The socket of `conn` is closed. An effect that is still awaited is no longer needed. */
  aborted?(conn: number): void;
  /** A client connected or disconnected; `clients` are connected now. */
  clientsChanged?(clients: number, peer: string, hasCome: boolean): void;
}
