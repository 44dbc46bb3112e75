/**
 * The interface between a client and its connections: a socket that is always read into the same
 * memory, and reports events. Each engine implements it, see `engine.ts`.
 */
import type { Address } from "../../system/address.ts";

/** A write up to this size, in bytes, is one segment, which Nagle's algorithm does not delay. */
export const SEGMENT_BYTES = 1024;

/**
 * Events of a socket. None happens within a call of the socket or within its opening. After `ended`,
 * `failed`, or {@linkcode ClientSocket.close} there are no more.
 */
export interface SocketEvents {
  /**
   * It is connected and can be written to. Not called if {@linkcode ClientSocket.isOpen} is true at
   * once.
   */
  opened(): void;
  /** `count` bytes were read into the start of its input. */
  received(count: number): void;
  /** A write is complete; only called if {@linkcode ClientSocket.isWriting} was true after it. */
  sent(): void;
  /** The peer has sent its FIN. */
  ended(): void;
  /** Connecting, reading or writing failed, with the error that the runtime's sockets throw. */
  failed(error: Error): void;
}

/** A connection, or the attempt to open one. */
export interface ClientSocket {
  /** Whether it is connected, so that it can be written to. */
  readonly isOpen: boolean;
  /** Whether a part of a write still waits in this process. */
  readonly isWriting: boolean;
  /** Writes `bytes`, which must not change until they are sent. No other write may be pending. */
  write(bytes: Uint8Array): void;
  /** Sends a FIN after what was written; receiving continues. */
  finish(): void;
  /** Closes it, whatever its state. */
  close(): void;
}

/** Opens a connection to `target` that is read into `input`. */
export type OpenSocket<Target = Address> = (
  target: Target,
  input: Uint8Array,
  events: SocketEvents,
) => ClientSocket;
