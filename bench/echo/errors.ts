/** Classifies socket errors as failures of an echo. */
import type { EchoFailures } from "../result.ts";

/** How an echo fails. */
export type FailureKind = keyof EchoFailures;

/** All kinds, in the order of the results. */
export const FAILURE_KINDS: readonly FailureKind[] = [
  "refused",
  "reset",
  "timeout",
  "mismatch",
  "short",
  "closed",
];

/**
 * The kind of failure for `error`, thrown by connect, read or write.
 *
 * @param receivedBytes bytes of the echo received before it
 * @returns null if the server did not cause it: out of files or ports, no route, no permission
 */
export function failureKind(error: unknown, receivedBytes: number): FailureKind | null {
  const { errors } = Deno;
  if (error instanceof errors.ConnectionRefused) return "refused";
  // The accept queue of a Unix socket is full (EAGAIN): TCP would drop the SYN instead.
  if (error instanceof errors.WouldBlock) return "refused";
  if (error instanceof errors.ConnectionReset) return "reset";
  if (error instanceof errors.ConnectionAborted) return "reset";
  if (error instanceof errors.TimedOut) return "timeout";
  // EPIPE: the peer closed with a FIN first, and then answered further data with a reset.
  if (error instanceof errors.BrokenPipe) return closedKind(receivedBytes);
  return null;
}

/** The kind of failure when the peer closes after `receivedBytes` of the echo. */
export function closedKind(receivedBytes: number): FailureKind {
  return receivedBytes === 0 ? "closed" : "short";
}
