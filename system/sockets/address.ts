/**
 * Addresses and address pairs as text: `127.0.0.1:80`, `[::1]:80`, and two of them in a line, local
 * end first. Pure.
 */
import { formatHostPort } from "../address.ts";
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../ip.ts";

/** An address in canonical form (RFC 5952 for IPv6, without brackets) and a port. */
export interface Endpoint {
  address: string;
  port: number;
}

/** The two ends of a connection, as seen from this machine. */
export interface Pair {
  local: Endpoint;
  remote: Endpoint;
}

const MAPPED = "::ffff:";

/** `127.0.0.1:80`, `[::1]:80`; port 0, which means any, becomes `*` as in `ss`. */
export function formatEndpoint(address: string, port: number): string {
  return formatHostPort(address, port === 0 ? "*" : port);
}

/**
 * Parses `127.0.0.1:80` or `[::1]:80`; a zone as in `[fe80::1%eth0]:80` is dropped.
 *
 * @returns undefined if the text is malformed, or the port is not 1…65535
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]%]+)(?:%[^\]]+)?\](?:%[^:]+)?|([^:%[\]]+)(?:%[^:]+)?):(\d{1,5})$/
    .exec(text);
  if (!match) return undefined;
  const [, ipv6, ipv4, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  const address = ipv6 === undefined ? canonicalIpv4(ipv4) : canonicalIpv6(ipv6);
  return address === undefined ? undefined : { address, port };
}

function canonicalIpv4(text: string): string | undefined {
  const word = parseIpv4(text);
  return word === undefined ? undefined : formatIpv4(word);
}

function canonicalIpv6(text: string): string | undefined {
  const words = parseIpv6(text);
  return words === undefined ? undefined : formatIpv6(words);
}

/**
 * Parses a line of the form `127.0.0.1:36986 127.0.0.1:12345`: local end, white space, remote end.
 *
 * @returns undefined if the line has another form
 */
export function parsePair(line: string): Pair | undefined {
  const words = line.trim().split(/\s+/);
  if (words.length !== 2) return undefined;
  const [local, remote] = words.map(parseEndpoint);
  return local && remote && { local, remote };
}

/** A pair as a line that {@linkcode parsePair} reads. */
export function formatPair({ local, remote }: Pair): string {
  return `${formatEndpoint(local.address, local.port)} ${
    formatEndpoint(remote.address, remote.port)
  }`;
}

/**
 * A key that is equal for equal pairs. An IPv4 connection of an IPv6 socket (`::ffff:127.0.0.1`)
 * has the key of the plain IPv4 pair: on the wire they are the same connection.
 */
export function pairKey({ local, remote }: Pair): string {
  return [local, remote].map(({ address, port }) => {
    return `${address.startsWith(MAPPED) ? address.slice(MAPPED.length) : address} ${port}`;
  }).join(" ");
}
