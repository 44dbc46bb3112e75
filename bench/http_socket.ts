/** Connections of the load client: TCP, Unix domain and TLS behind three functions. */
import type { Endpoint } from "./http_target.ts";
import type { ErrorKind } from "./http_tally.ts";

/** A connection. `Deno.Conn` is one. */
export interface HttpSocket {
  /** Reads into `view`. @returns how many bytes, null at the end */
  read(view: Uint8Array): Promise<number | null>;
  /** Writes from `view`. @returns how many bytes */
  write(view: Uint8Array): Promise<number>;
  /** Closes it; what is being read or written fails. */
  close(): void;
}

/** Connects to `endpoint`; fails with what `Deno.connect` or the TLS handshake fail with. */
export async function openSocket(endpoint: Endpoint): Promise<HttpSocket> {
  if (endpoint.transport === "unix") return await Deno.connect(endpoint);
  const { tls, hostname, port } = endpoint;
  if (tls?.isInsecure) {
    const { openInsecureTls } = await import("./insecure_tls.ts");
    return await openInsecureTls(hostname, port, tls.serverName);
  }
  const conn = await Deno.connect({ hostname, port });
  if (!tls) return conn;
  // Requests are written whole, so only the records of a handshake could wait for each other.
  conn.setNoDelay(true);
  const secure = await Deno.startTls(conn, {
    hostname: tls.serverName,
    alpnProtocols: ["http/1.1"],
  });
  try {
    await secure.handshake();
  } catch (error) {
    secure.close();
    throw error;
  }
  return secure;
}

/** Which of the kinds that are counted `error`, of a connection that stands, is. */
export function exchangeErrorKind(error: unknown): ErrorKind {
  return error instanceof Deno.errors.TimedOut ? "timeout" : "reset";
}

/**
 * Which of the kinds that are counted `error`, of a connection attempt, is. Whatever prevents a
 * connection counts as refused: {@linkcode isPlainRefusal} tells what is worth a word.
 */
export function connectErrorKind(error: unknown): ErrorKind {
  if (error instanceof Deno.errors.ConnectionReset) return "reset";
  return error instanceof Deno.errors.TimedOut ? "timeout" : "refused";
}

/** Whether `error` is a refusal by the peer, which explains itself. */
export function isPlainRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.TimedOut;
}
