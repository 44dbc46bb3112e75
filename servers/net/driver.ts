/**
 * The interface between connections and engines: what connections want, and the drivers that carry
 * it out.
 *
 * It is completion-based: a driver is told to receive or to send, and tells the connection when
 * that has happened. A readiness-based engine can imitate this (it tries, and tries again when the
 * socket is ready); the reverse is not possible.
 */
import type { Effect } from "./service.ts";

/** What a connection wants of its driver. */
export const enum Want {
  /** Receive into the input of the connection's block, then call `received`. */
  Receive,
  /** Send `output`, all or a part of it, then call `sent`. */
  Send,
  /** Send a FIN, then call `finished`. */
  FinishWrite,
  /** Nothing: another event will come, from the driver, a timer or a service. */
  Await,
  /** Close the socket. When nothing is in flight any more, call `end`. */
  Close,
}

/** An engine's part for one connection; it has the socket. Its methods never throw. */
export interface Driver {
  /** Whether it can send the file that `Connection.outFile` names. */
  readonly sendsFiles: boolean;
  /** Its socket's descriptor, where the engine makes the system calls itself. */
  readonly fd?: number;
  /** Carries out `want`, and what the connection wants after that. */
  advance(want: Want): void;
  /** Calls `resumed` or `rejected` of the connection when the service has answered. */
  await(effect: Promise<Effect>): void;
  /**
   * Whether the present receive waits, or has waited since the last call, for its turn among many
   * busy sockets of its thread, so that what the peer sent may still be in the kernel. Absent: it
   * never does.
   */
  wasHeldUp?(): boolean;
}
