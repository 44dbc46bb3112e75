/**
 * Parses hosts as people write them: names, including international ones, and IP addresses. Pure.
 */
import { parseIpv4, parseIpv6 } from "./ip.ts";

/** A host that a client connects to. */
export interface Host {
  /** The text as written. */
  text: string;
  /**
   * What is looked up and connected to: a name in ASCII (its A-labels, RFC 5890), or an address,
   * IPv6 without brackets but with its zone (`fe80::1%eth0`).
   */
  hostname: string;
  /**
   * The form for the Host field: the same, with IPv6 in brackets and without its zone (RFC 6874).
   */
  field: string;
  /** Whether it is an address. */
  isAddress: boolean;
}

/** The first ten bits of fe80::/10. */
const LINK_LOCAL = 0xfe80 >>> 6;

/** Names that are kept as written. */
const ASCII_NAME = /^[\w.-]+$/;

/** ZoneID, without percent-encoding (RFC 6874 section 2). */
const ZONE = /^[\w.~-]+$/;

/**
 * Parses a host: `localhost`, `bücher.example`, `127.0.0.1`, `[::1]` (the brackets may be missing),
 * `[fe80::1%25eth0]`.
 *
 * An IPv4 address counts only as four decimal numbers. Its other spellings (`127.1`, `0x7f.1`, a
 * single number) are refused, as otherwise a port given alone would be taken for an address.
 *
 * @throws {SyntaxError} that says what is wrong and what to write
 */
export function readHost(text: string): Host {
  const inBrackets = /^\[(.*)\]$/.exec(text)?.[1];
  if (inBrackets !== undefined || text.includes(":")) return readIpv6(inBrackets ?? text);
  if (parseIpv4(text) !== undefined) return { text, hostname: text, field: text, isAddress: true };
  // The URL parser judges and converts names as browsers do (UTS #46).
  const url = `http://${text}/`;
  if (/[@/\\?#\s]/.test(text) || !URL.canParse(url)) {
    throw new SyntaxError(`Not a host name: '${text}'; write one like localhost or 127.0.0.1`);
  }
  const { hostname } = new URL(url);
  if (parseIpv4(hostname) !== undefined) {
    throw new SyntaxError(
      /^\d+$/.test(text) && Number(text) <= 65535
        ? `Not a host: '${text}' is only a number; write localhost:${text} for that port`
        : `Not a host: '${text}' is another way to write ${hostname}; write that`,
    );
  }
  const name = ASCII_NAME.test(text) ? text : hostname;
  return { text, hostname: name, field: name, isAddress: false };
}

function readIpv6(text: string): Host {
  const [, address, zone] = /^([^%]*)(?:%(?:25)?(.*))?$/s.exec(text)!;
  const words = parseIpv6(address);
  if (words === undefined || (zone !== undefined && !ZONE.test(zone))) {
    throw new SyntaxError(`Not an IPv6 address: '${text}'; write one like [::1]`);
  }
  const isLinkLocal = words[0] >>> 22 === LINK_LOCAL;
  if (isLinkLocal && zone === undefined) {
    throw new SyntaxError(
      `'${text}' is link-local and needs the zone, an interface; write [${text}%25eth0]`,
    );
  }
  if (!isLinkLocal && zone !== undefined) {
    throw new SyntaxError(
      `'${text}' has a zone, which only link-local addresses have; write [${address}]`,
    );
  }
  const hostname = zone === undefined ? address : `${address}%${zone}`;
  return { text, hostname, field: `[${address}]`, isAddress: true };
}
