/**
 * The seam between a client and its connections: a socket that is always read into the same place
 * and reports events. Each engine has its own, see `engine.ts`.
 */
import type { Address } from "../../system/address.ts";

/** A write up to this size is one segment, which Nagle's algorithm does not hold back. */
export const SEGMENT_BYTES = 1024;

/**
 * Events of a socket. None happens within a call of the socket or within its opening. After `ended`,
 * `failed`, or {@linkcode ClientSocket.close} there are no more.
 */
export interface SocketEvents {
  /** It is connected: it can be written to. Not for one that {@linkcode ClientSocket.isOpen} at once. */
  opened(): void;
  /** `count` bytes were read to the start of its input. */
  received(count: number): void;
  /** What was written is sent, for a write after which {@linkcode ClientSocket.isWriting} was true. */
  sent(): void;
  /** The peer sends nothing more. */
  ended(): void;
  /** Connecting, reading or writing failed, with the error that the runtime's sockets throw. */
  failed(error: Error): void;
}

/** A connection, or the attempt to open one. */
export interface ClientSocket {
  /** Whether it is connected, so that it can be written to. */
  readonly isOpen: boolean;
  /** Whether a part of what was written still waits in this process. */
  readonly isWriting: boolean;
  /** Writes `bytes`, which must not change until they are sent. No other write is under way. */
  write(bytes: Uint8Array): void;
  /** Sends a FIN behind what was written; receiving goes on. */
  finish(): void;
  /** Closes it, whatever is going on. */
  close(): void;
}

/** Opens a connection to `target` that is read into `input`. */
export type OpenSocket<Target = Address> = (
  target: Target,
  input: Uint8Array,
  events: SocketEvents,
) => ClientSocket;
