/** The URLs that a load goes to: parsing, and finding the address behind a name. */
import { lookup } from "node:dns/promises";

/** What a URL says. */
export interface HttpUrl {
  /** As the user wrote it. */
  text: string;
  isSecure: boolean;
  /** Host name or address, IPv6 without brackets. */
  hostname: string;
  port: number;
  /** The Host field: host, and port where it is not the default of the scheme. */
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
  /** The name that the certificate has to carry. */
  serverName: string;
  /** Whether the certificate is not checked. */
  isInsecure: boolean;
}

const URL_SYNTAX =
  /^(?:(https?):\/\/)?(\[[^\]]*\]|[^:/?#[\]]+)(?::(\d{1,5}))?([/?][^#]*)?(?:#.*)?$/i;

/**
 * Parses a URL of `http` or `https`; the scheme and the path may be missing, as in the C tool. The
 * path is taken unchanged (`/../x` is not resolved), except that bytes that a request line cannot
 * hold are percent-encoded.
 *
 * @throws {SyntaxError} which names what is wrong and what to write
 */
export function parseHttpUrl(text: string): HttpUrl {
  const match = URL_SYNTAX.exec(text);
  if (!match) {
    throw new SyntaxError(
      `Not a URL: '${text}'; write it like http://localhost:8081/ or [::1]:80/`,
    );
  }
  const [, scheme = "http", host, portText, rest = "/"] = match;
  const isSecure = scheme.toLowerCase() === "https";
  const port = portText === undefined ? (isSecure ? 443 : 80) : Number(portText);
  if (port < 1 || port > 65535) {
    throw new SyntaxError(`Not a port in '${text}'; write 1 to 65535`);
  }
  if (!URL.canParse(`http://${host}/`)) throw new SyntaxError(`Not a host name in '${text}'`);
  const isDefaultPort = port === (isSecure ? 443 : 80);
  return {
    text,
    isSecure,
    hostname: host.replace(/^\[|\]$/g, ""),
    port,
    authority: isDefaultPort ? host : `${host}:${port}`,
    target: percentEncoded(rest.startsWith("/") ? rest : `/${rest}`),
  };
}

/** Escapes the bytes that no request target may hold; existing escapes stay. */
function percentEncoded(target: string): string {
  return target.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
}

/** How to choose among the addresses of a name. */
export interface ResolveOptions {
  /** Only addresses of this family. */
  family?: 4 | 6;
  /** Whether certificates are not checked. */
  isInsecure?: boolean;
}

/**
 * Finds the endpoint of `url`. A name with several addresses is tried like in the C tool: the first
 * that accepts a connection is taken, or else the first.
 *
 * @throws {Error} when there is no such name, or it has no address of the wanted family
 */
export async function resolveEndpoint(
  url: HttpUrl,
  options: ResolveOptions = {},
): Promise<Endpoint> {
  const { family = 0, isInsecure = false } = options;
  const { hostname: name, port } = url;
  const found = await lookup(name, { all: true, family }).catch(() => []);
  // What is an address already is not filtered by the look-up.
  const addresses = found.filter((address) => family === 0 || address.family === family);
  if (addresses.length === 0) {
    const kind = family === 0 ? "" : `IPv${family} `;
    throw new Error(`Cannot find an ${kind}address of '${name}' in ${url.text}; check the name`);
  }
  const tls = url.isSecure ? { serverName: name, isInsecure } : undefined;
  const endpoints = addresses.map(({ address }): Endpoint => ({
    hostname: address,
    port,
    tls,
  }));
  if (endpoints.length > 1) {
    for (const endpoint of endpoints) if (await accepts(endpoint)) return endpoint;
  }
  return endpoints[0];
}

async function accepts(endpoint: Endpoint): Promise<boolean> {
  if ("path" in endpoint) return false;
  const { hostname, port } = endpoint;
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch {
    return false;
  }
}
