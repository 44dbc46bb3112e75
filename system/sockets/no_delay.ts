/**
 * TCP_NODELAY for listeners over TLS: `Deno.TlsConn` has no call for it, and with Nagle's algorithm
 * the end of a response waits for the peer's delayed ACK, up to 40 ms. On Linux an accepted socket
 * inherits the option from its listener.
 */
import { setNoDelay } from "../linux/socket.ts";
import type { OwnSockets } from "./own_sockets.ts";

/** Sets TCP_NODELAY on all TCP sockets of this process, whichever thread listens on them. */
export function setNoDelayOnAll(sockets: OwnSockets): void {
  // It fails for descriptors that are not TCP sockets (ENOTSOCK, EOPNOTSUPP) or are closed by now
  // (EBADF).
  for (const fd of sockets.descriptors()) setNoDelay(fd, true);
}
