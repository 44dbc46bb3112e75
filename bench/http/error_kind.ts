/** Which kind of failure a socket error is. */
import type { ErrorKind } from "./tally.ts";

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
