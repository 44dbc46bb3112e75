/**
 * TCP_NODELAY for listeners over TLS: `Deno.TlsConn` has no call for it, and with Nagle's algorithm
 * the end of a response waits for the peer's delayed ACK, up to 40 ms. On Linux an accepted socket
 * inherits the option from its listener.
 */
import { libc, SystemError } from "../linux/libc.ts";
import type { OwnSockets } from "./own_sockets.ts";

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/** Sets TCP_NODELAY on all TCP sockets of this process, whichever thread listens on them. */
export function setNoDelayOnAll(sockets: OwnSockets): void {
  const on = new Uint8Array(new Int32Array([1]).buffer);
  for (const fd of sockets.descriptors()) {
    try {
      libc().setsockopt(fd, { level: IPPROTO_TCP, name: TCP_NODELAY, value: on });
    } catch (error) {
      // ENOTSOCK, EOPNOTSUPP, EBADF: not a TCP socket, or closed by now.
      if (!(error instanceof SystemError)) throw error;
    }
  }
}
