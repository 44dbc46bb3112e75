/** The URLs of a load, and the endpoints that its sockets connect to. */
import { type Host, readHost } from "../../system/host.ts";

/** A parsed URL. */
export interface HttpUrl {
  /** As the user wrote it. */
  text: string;
  isSecure: boolean;
  host: Host;
  port: number;
  /** The Host field: name or address, and port where it is not the default of the scheme. */
  authority: string;
  /** Path and query, as they go into the request line. */
  target: string;
}

/** Where the sockets of a load connect to. Plain data, for Workers. */
export type Endpoint =
  | { path: string; tls?: undefined }
  | { hostname: string; port: number; tls?: Tls };

/** TLS on top of a connection. */
export interface Tls {
  /** The name that the certificate has to be valid for. */
  serverName: string;
  /** Whether to skip the check of the certificate. */
  isInsecure: boolean;
}

const URL_SYNTAX =
  /^(?:(https?):\/\/)?(\[[^\]]*\]|[^:/?#[\]]+)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/i;

/** `user@` or `user:password@` before the host (RFC 3986 section 3.2.1). */
const CREDENTIALS = /^(?:https?:\/\/)?[^/?#]*@/i;

/**
 * Parses a URL of `http` or `https`; the scheme and the path may be missing, as in the C tool. The
 * path is taken unchanged (`/../x` is not resolved), except that bytes that a request line cannot
 * hold are percent-encoded.
 *
 * @throws {SyntaxError} which names what is wrong and what to write
 */
export function parseHttpUrl(text: string): HttpUrl {
  if (CREDENTIALS.test(text)) {
    throw new SyntaxError(
      `User and password in '${text}' are not sent; write --header 'Authorization: Basic ...'`,
    );
  }
  const match = URL_SYNTAX.exec(text);
  if (!match) {
    throw new SyntaxError(
      `Not a URL: '${text}'; write it like http://localhost:8081/ or [::1]:80/`,
    );
  }
  const [, scheme = "http", hostText, portText, rest = "/"] = match;
  const isSecure = scheme.toLowerCase() === "https";
  const port = portText === undefined ? (isSecure ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65535) {
    throw new SyntaxError(`Not a port in '${text}'; write 1 to 65535`);
  }
  const host = readHost(hostText);
  const isDefaultPort = port === (isSecure ? 443 : 80);
  return {
    text,
    isSecure,
    host,
    port,
    authority: isDefaultPort ? host.field : `${host.field}:${port}`,
    target: percentEncoded(rest.startsWith("/") ? rest : `/${rest}`),
  };
}

/** Percent-encodes the bytes that no request target may hold; existing escapes stay. */
function percentEncoded(target: string): string {
  return target.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}
