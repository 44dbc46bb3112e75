/**
 * Addresses and address pairs as text: `127.0.0.1:80`, `[::1]:80`, and two of them in a line, local
 * end first. Pure.
 */
import { formatHostPort } from "../address.ts";

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

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const MAPPED = "::ffff:";

/** An IPv4 address from its 32 bits. */
export function formatIpv4(word: number): string {
  return `${word >>> 24}.${word >>> 16 & 255}.${word >>> 8 & 255}.${word & 255}`;
}

/** An IPv6 address from its four 32-bit words, most significant first, as RFC 5952 writes it. */
export function formatIpv6(words: readonly number[]): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) {
    return MAPPED + formatIpv4(words[3]);
  }
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  const run = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (run.length < 2) return hex.join(":");
  return `${hex.slice(0, run.start).join(":")}::${hex.slice(run.start + run.length).join(":")}`;
}

/** The longest run of zeros, the first of equals. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best.length) best = { start, length: end - start };
  }
  return best;
}

/** `127.0.0.1:80`, `[::1]:80`; port 0, that is any, becomes `*` as in `ss`. */
export function formatEndpoint(address: string, port: number): string {
  return formatHostPort(address, port === 0 ? "*" : port);
}

/**
 * Parses `127.0.0.1:80` or `[::1]:80`; a zone as in `[fe80::1%eth0]:80` is dropped.
 *
 * @returns undefined if it is no such text, or the port is not 1…65535
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const match = /^(?:\[([^\]%]+)(?:%[^\]]+)?\](?:%[^:]+)?|([^:%[\]]+)(?:%[^:]+)?):(\d{1,5})$/
    .exec(text);
  if (!match) return undefined;
  const [, ipv6, ipv4, digits] = match;
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  const address = ipv6 === undefined ? parseIpv4(ipv4) : parseIpv6(ipv6);
  return address === undefined ? undefined : { address, port };
}

function parseIpv4(text: string): string | undefined {
  return IPV4.test(text) ? text.split(".").map(Number).join(".") : undefined;
}

function parseIpv6(text: string): string | undefined {
  if (!/^[\da-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  // The URL parser validates, and leaves only hexadecimal groups and at most one "::".
  const [head, tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::")
    .map((half) => half === "" ? [] : half.split(":").map((group) => parseInt(group, 16)));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill(0), ...tail] : head;
  return formatIpv6([0, 2, 4, 6].map((at) => (groups[at] << 16 | groups[at + 1]) >>> 0));
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
