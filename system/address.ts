/** The address of a server, and its text form. */

/** The address on which a machine reaches itself. */
export const LOOPBACK = "127.0.0.1";

/** TCP at a host (an address without brackets, or a name) and port, or a Unix domain socket. */
export type Address = { hostname: string; port: number } | { path: string };

/** `127.0.0.1:80`, or `[::1]:80`: an IPv6 address is put in brackets (RFC 3986 section 3.2.2). */
export function formatHostPort(hostname: string, port: number | string): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** `127.0.0.1:80`, `[::1]:80` or `unix:/path`. */
export function formatAddress(address: Address): string {
  return "path" in address
    ? `unix:${address.path}`
    : formatHostPort(address.hostname, address.port);
}

/** A port of the loopback address that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  return listener.addr.port;
}
