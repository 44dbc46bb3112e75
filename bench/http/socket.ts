/**
 * The seam between a client and its connections: a socket that is read into one place all its life
 * and tells what happens. Which implementation is faster depends on the load, see `socket_opener.ts`.
 */
import type { ErrorKind } from "./tally.ts";
import type { Endpoint } from "./target.ts";

/** What a socket tells. After `ended`, `failed`, or `HttpSocket.close` it tells nothing more. */
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

/** Which of the kinds that are counted `error`, of a connection that stands, is. */
export function exchangeErrorKind(error: Error): ErrorKind {
  return error instanceof Deno.errors.TimedOut ? "timeout" : "reset";
}

/**
 * Which of the kinds that are counted `error`, of a connection attempt, is. Whatever prevents a
 * connection counts as refused: {@linkcode isPlainRefusal} tells what is worth a word.
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
