/** Classifies failures, and words their reasons. */
import type { HttpErrors } from "../result.ts";

/** The ways in which a request fails without a complete response. */
export type ErrorKind = keyof HttpErrors;

/** How a request failed. */
export interface Fault {
  kind: ErrorKind;
  /**
   * Such as `a line ends with LF alone`; without details that differ from one occurrence to the
   * next.
   */
  reason: string;
}

/** The TLS handshake failed; the message says why. */
export class TlsError extends Error {
  override name = "TlsError";
  /** Whether both sides speak TLS but share no protocol on top of it (ALPN). */
  readonly isProtocol: boolean;

  /** @param error as `node:tls` reports it */
  constructor(error: Error & { code?: string }) {
    super(TLS_REASONS[error.code ?? ""] ?? error.message);
    this.isProtocol = error.code === NO_PROTOCOL;
  }
}

const NO_PROTOCOL = "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL";

const TLS_REASONS: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not speak TLS; try http://",
  [NO_PROTOCOL]: "the server offers no HTTP/1.1 over TLS",
  ECONNRESET: "the server ended the TLS handshake",
};

/** The kind of failure that `error`, on an open connection, counts as. */
export function exchangeErrorKind(error: Error): ErrorKind {
  return error instanceof Deno.errors.TimedOut ? "timeout" : "reset";
}

/**
 * The kind of failure that `error`, of a connection attempt, counts as. Anything else that prevents
 * a connection counts as refused.
 */
export function connectErrorKind(error: Error): ErrorKind {
  if (error instanceof TlsError) return error.isProtocol ? "protocol" : "tls";
  if (error instanceof Deno.errors.ConnectionReset) return "reset";
  return error instanceof Deno.errors.TimedOut ? "timeout" : "refused";
}

/** The reason of a refusal by the peer's system. */
export const NOBODY_LISTENS = "nobody listens (ECONNREFUSED)";

/** Whether `error` says that nobody listens. */
export function isRefusal(error: Error): boolean {
  return error instanceof Deno.errors.ConnectionRefused;
}

/** The reason of `error`, in the same words for all kinds of sockets. */
export function reasonOf(error: Error): string {
  if (isRefusal(error)) return NOBODY_LISTENS;
  if (error instanceof Deno.errors.ConnectionReset) return "the connection was reset (ECONNRESET)";
  if (error instanceof Deno.errors.TimedOut) return "the connection timed out (ETIMEDOUT)";
  return error.message.replace(/ \(os error \d+\)$/, "")
    .replace(/^(?:connect|read|write) (E[A-Z]+)\b.*/, "$1");
}

/**
 * Why a response was rejected.
 *
 * @param reason in the parser's words
 * @param bytes the start of the rejected input
 */
export function responseFault(reason: string, bytes: Uint8Array): Fault {
  // A TLS alert (RFC 8446 section 6): the server takes the request for a broken handshake.
  if (bytes[0] === 0x15 && bytes[1] === 3) {
    return { kind: "protocol", reason: "the server speaks TLS; try https://" };
  }
  // A SETTINGS frame of stream 0, with which an HTTP/2 connection begins (RFC 9113 section 3.4).
  if (
    bytes.length >= 9 && bytes[0] === 0 && bytes[3] === 4 && !bytes.subarray(5, 9).some(Boolean)
  ) {
    return { kind: "protocol", reason: "the server speaks HTTP/2, not HTTP/1.1" };
  }
  return { kind: "garbage", reason };
}
