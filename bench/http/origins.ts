/** The servers behind the URLs of a load: names are looked up and their addresses tried, once. */
import { acceptingAddresses, tryConnecting } from "../../system/happy_eyeballs.ts";
import { type LookUp, resolveHost } from "../../system/resolve.ts";
import type { Endpoint, HttpUrl } from "./target.ts";

/** How the addresses of a name are used: in turn, or only the first that accepts. */
export type DnsMode = "rotate" | "first";

/** The servers of a load. Plain data, for Workers. */
export interface Origins {
  /** For each server, the endpoints that its connections use in turn; at least one. */
  servers: Endpoint[][];
  /** The index of each URL's server. */
  serverOf: number[];
}

/** How servers are found. */
export interface OriginOptions {
  /** Connect to this Unix domain socket, whatever the URLs' hosts. */
  unixPath?: string;
  /** Only addresses of this family. */
  family?: 4 | 6;
  /** Default: `rotate`. */
  dns?: DnsMode;
  /** The longest time for trying the addresses of a name, in ms; 0 for no limit. */
  timeoutMs: number;
  /** Whether to skip the check of certificates. */
  isInsecure: boolean;
  /** Default: that of the system. */
  lookUp?: LookUp;
}

/**
 * Finds the servers of `urls`. A name with several addresses is tried (RFC 8305), and those that
 * accept are used. If none does, all are used, so that the load counts how they fail.
 *
 * @throws {Error} when a name has no address, or none of the wanted family
 */
export async function findOrigins(
  urls: readonly HttpUrl[],
  options: OriginOptions,
): Promise<Origins> {
  const servers: Promise<Endpoint[]>[] = [];
  const indexOf = new Map<string, number>();
  const serverOf = urls.map((url) => {
    const key = options.unixPath ?? `${url.isSecure} ${url.host.hostname} ${url.port}`;
    const known = indexOf.get(key);
    if (known !== undefined) return known;
    indexOf.set(key, servers.length);
    return servers.push(endpointsOf(url, options)) - 1;
  });
  return { servers: await Promise.all(servers), serverOf };
}

async function endpointsOf(url: HttpUrl, options: OriginOptions): Promise<Endpoint[]> {
  const { unixPath, timeoutMs, dns = "rotate" } = options;
  if (unixPath !== undefined) return [{ path: unixPath }];
  const { host, port, isSecure } = url;
  const addresses = await resolveHost(host, { ...options, where: ` in ${url.text}` });
  if (isSecure && host.hostname.includes("%")) {
    throw new Error(`Cannot load '${url.text}': https to an address with a zone is not supported`);
  }
  const accepting = addresses.length === 1 ? [] : await acceptingAddresses(addresses, {
    connect: tryConnecting(port),
    timeoutMs,
    isFirstEnough: dns === "first",
  });
  const used = accepting.length > 0 ? accepting : addresses;
  const tls = isSecure ? { serverName: host.hostname, isInsecure: options.isInsecure } : undefined;
  return (dns === "first" ? used.slice(0, 1) : used).map((hostname) => ({ hostname, port, tls }));
}

/** Gives out the endpoints of a server in turn. */
export class Rotation {
  readonly #endpoints: readonly Endpoint[];
  #next: number;

  /** @param first index of the first endpoint, so that threads can begin with different ones */
  constructor(endpoints: readonly Endpoint[], first: number) {
    this.#endpoints = endpoints;
    this.#next = first % endpoints.length;
  }

  /** The endpoint for the next connection. */
  next(): Endpoint {
    const endpoint = this.#endpoints[this.#next];
    this.#next = (this.#next + 1) % this.#endpoints.length;
    return endpoint;
  }
}
