/**
 * The engine seam: what connections want, and who carries it out.
 *
 * It is completion-based: a driver is told to receive or to send, and tells the connection when that
 * has happened. An engine that is told of readiness only can imitate this (it tries, and tries again
 * later); the reverse is not possible.
 */
import type { Effect } from "./service.ts";

/** What a connection wants of its driver. */
export const enum Want {
  /** Receive into the input of the connection's block, then call `received`. */
  Receive,
  /** Send what `output` says, all or a part of it, then call `sent`. */
  Send,
  /** Send a FIN, then call `finished`. */
  FinishWrite,
  /** Nothing: another event will come, from the driver, a timer or a service. */
  Await,
  /** Close the socket. When nothing is under way any more, call `end`. */
  Close,
}

/** One connection's end of an engine: it has the socket. Its methods never throw. */
export interface Driver {
  /** It sends what `Connection.outFile` names. */
  readonly sendsFiles: boolean;
  /** Its socket's descriptor, where the engine makes the system calls itself. */
  readonly fd?: number;
  /** Carries out `want`, and whatever the connection wants then. */
  advance(want: Want): void;
  /** A service answers later: calls `resumed` or `rejected` of the connection then. */
  await(effect: Promise<Effect>): void;
  /**
   * Whether the receive that is under way waits, or has waited since the last call, for the many
   * other sockets of its thread: what the peer sent may be in the kernel. Absent: it never does.
   */
  wasHeldUp?(): boolean;
}
