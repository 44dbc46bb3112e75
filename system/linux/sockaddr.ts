/**
 * Socket addresses in the kernel's format: `struct sockaddr_in`, `sockaddr_in6` (ip(7), ipv6(7))
 * and `sockaddr_un` (unix(7)). The family is in the byte order of the machine, which is
 * little-endian; ports and IP addresses are in network byte order.
 *
 * ```
 * sockaddr_in        sockaddr_in6          sockaddr_un
 *  0 u16  family      0 u16   family        0 u16  family
 *  2 be16 port        2 be16  port          2      path, up to a NUL
 *  4 be32 address     4 u32   flow label  110
 *  8      zeros       8 be128 address
 * 16                 24 u32   scope
 *                    28
 * ```
 */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from "../ip.ts";

/** Address families, of socket(2) and of the first field of an address. */
export const AF_UNIX = 1;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** Bytes of the longest address. */
export const SOCKADDR_BYTES = 110;

/** Most bytes of a Unix socket's path, without its NUL. */
export const MAX_UNIX_PATH_BYTES = 107;

/**
 * An IP address and port.
 *
 * @param hostname an IPv4 or IPv6 address without brackets; names are not resolved. The zone of a
 * link-local address is the number of its interface (`fe80::1%2`).
 * @throws {TypeError} if `hostname` is not one
 */
export function encodeTcpAddress(hostname: string, port: number): Uint8Array<ArrayBuffer> {
  const word = parseIpv4(hostname);
  const [, address, zone] = /^([^%]*)(?:%(\d+))?$/.exec(hostname) ?? [];
  const words = word === undefined && address ? parseIpv6(address) : undefined;
  if (word === undefined && words === undefined) {
    throw new TypeError(`Not an IP address: "${hostname}"`);
  }
  const view = new DataView(new ArrayBuffer(words ? 28 : 16));
  view.setUint16(0, words ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  if (words) {
    words.forEach((word, i) => view.setUint32(8 + 4 * i, word));
    view.setUint32(24, Number(zone ?? 0), true);
  } else view.setUint32(4, word!);
  return new Uint8Array(view.buffer);
}

/**
 * The address of a Unix socket.
 *
 * @throws {TypeError} if `path` is empty, has a NUL, or is longer than {@linkcode MAX_UNIX_PATH_BYTES}
 */
export function encodeUnixAddress(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length === 0 || name.length > MAX_UNIX_PATH_BYTES || name.includes(0)) {
    throw new TypeError(
      `The path of a Unix socket takes 1 to ${MAX_UNIX_PATH_BYTES} bytes: "${path}"`,
    );
  }
  const bytes = new Uint8Array(2 + name.length + 1);
  bytes[0] = AF_UNIX;
  bytes.set(name, 2);
  return bytes;
}

/**
 * The address of a Unix socket in the abstract namespace of Linux: a NUL, then the name, which ends
 * with the address.
 *
 * @throws {TypeError} if `name` is empty or longer than {@linkcode MAX_UNIX_PATH_BYTES}
 */
export function encodeAbstractAddress(name: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > MAX_UNIX_PATH_BYTES) {
    throw new TypeError(
      `An abstract name of a Unix socket takes 1 to ${MAX_UNIX_PATH_BYTES} bytes: "@${name}"`,
    );
  }
  const address = new Uint8Array(3 + bytes.length);
  address[0] = AF_UNIX;
  address.set(bytes, 3);
  return address;
}

/** The path in the address of a Unix socket; `@name` for an abstract one, empty without a name. */
export function decodeUnixPath(address: Uint8Array): string {
  const name = address.subarray(2);
  if (name.length === 0) return "";
  const decoder = new TextDecoder();
  if (name[0] === 0) return `@${decoder.decode(name.subarray(1))}`;
  const end = name.indexOf(0);
  return decoder.decode(end < 0 ? name : name.subarray(0, end));
}

/** The IP address in a socket address, as text; empty for a Unix socket. */
export function decodeHost(address: DataView): string {
  const family = address.getUint16(0, true);
  if (family === AF_INET) return formatIpv4(address.getUint32(4));
  if (family !== AF_INET6) return "";
  return formatIpv6([8, 12, 16, 20].map((at) => address.getUint32(at)));
}

/** The port in the address of a TCP socket. */
export function decodePort(address: DataView): number {
  return address.getUint16(2);
}
