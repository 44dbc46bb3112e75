/**
 * TCP_NODELAY for listeners over TLS: `Deno.TlsConn` has no call for it, and with Nagle's algorithm
 * the end of a response waits for the peer's delayed ACK, up to 40 ms. On Linux an accepted socket
 * inherits the option from its listener.
 */
import { libc, LibcError, SystemError } from "./libc.ts";

const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;

/**
 * Sets TCP_NODELAY on all TCP sockets of this process, whichever thread listens on them. Where that
 * cannot be done (no FFI, another system) nothing happens: responses only take longer.
 */
export function setNoDelayOnAll(): void {
  if (Deno.build.os !== "linux") return;
  const on = new Uint8Array(new Int32Array([1]).buffer);
  try {
    const system = libc();
    for (const { name } of Deno.readDirSync("/proc/self/fd")) {
      try {
        system.setsockopt(Number(name), { level: IPPROTO_TCP, name: TCP_NODELAY, value: on });
      } catch (error) {
        // ENOTSOCK, EOPNOTSUPP, EBADF: not a TCP socket, or closed by now.
        if (!(error instanceof SystemError)) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof LibcError || error instanceof Deno.errors.NotCapable)) throw error;
  }
}
