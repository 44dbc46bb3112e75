/**
 * The seam between a client and its connections: a socket that is always read into the same place
 * and reports events. Which implementation is faster depends on the load, see `socket_opener.ts`.
 */
import type { ErrorKind } from "./tally.ts";
import type { Endpoint } from "./target.ts";

/** Events of a socket. After `ended`, `failed`, or `HttpSocket.close` there are no more. */
export interface SocketEvents {
  /** It is connected: requests can be written. */
  opened(): void;
  /** `count` bytes were read to the start of its input. */
  received(count: number): void;
  /** The peer sends nothing more. */
  ended(): void;
  /** Connecting, reading or writing failed. */
  failed(error: Error): void;
}

/** A connection, or the attempt to open one. */
export interface HttpSocket {
  /** Whether a part of what was written still waits in this process. */
  readonly isWriting: boolean;
  /** Writes `request`, whose bytes must not change until they are sent. */
  write(request: Uint8Array): void;
  /** Closes it, whatever is going on. */
  close(): void;
}

/** Opens a connection to an endpoint that is read into `input`. */
export type OpenSocket = (
  endpoint: Endpoint,
  input: Uint8Array,
  events: SocketEvents,
) => HttpSocket;

/** The kind of failure that `error`, on an open connection, counts as. */
export function exchangeErrorKind(error: Error): ErrorKind {
  return error instanceof Deno.errors.TimedOut ? "timeout" : "reset";
}

/**
 * The kind of failure that `error`, of a connection attempt, counts as. Anything that prevents a
 * connection counts as refused. An error that is no {@linkcode isPlainRefusal} is reported, too.
 */
export function connectErrorKind(error: Error): ErrorKind {
  if (error instanceof Deno.errors.ConnectionReset) return "reset";
  return error instanceof Deno.errors.TimedOut ? "timeout" : "refused";
}

/** Whether `error` is a refusal by the peer, which explains itself. */
export function isPlainRefusal(error: Error): boolean {
  return error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.TimedOut;
}
