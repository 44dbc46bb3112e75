/** A socket that listens, as a descriptor. */
import { formatHostPort } from "../../../../system/address.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import {
  close,
  duplicate,
  listenTcp,
  listenUnix,
  setNoDelay,
  setSendBuffer,
} from "../../../../system/linux/socket.ts";
import type { ListenOptions, PassedSocket } from "../../listen_options.ts";
import type { SendOptions } from "../../send_options.ts";
import { bindUnix } from "../../unix_path.ts";

/**
 * SO_SNDBUF of connections that come over loopback, in bytes; the kernel doubles it. Nothing is on
 * its way there, so what the kernel would let wait beyond this, up to 4 MiB, only leaves the caches
 * of the CPU before it is read: sending 1 MiB from memory took 11 %, sending 64 MiB of a file 20 %
 * more CPU. A network's delay needs the kernel's own, larger size.
 */
const LOOPBACK_SEND_BUFFER = 256 << 10;

/** A listening socket, on whichever thread. */
export interface ListeningSocket {
  readonly fd: number;
  readonly address: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
  readonly isUnix: boolean;
  /** Others have descriptors of it, too: it must not be shut down. */
  readonly isShared: boolean;
  close(): void;
}

/** Listens without blocking. @throws what `Deno.listen` throws when the address cannot be bound */
export function openListeningSocket(
  options: ListenOptions,
  sending: Pick<SendOptions, "noDelay">,
): ListeningSocket {
  try {
    return open(options, sending);
  } catch (error) {
    throw error instanceof SystemError ? runtimeError(error) : error;
  }
}

/** The error that the runtime has for it, so that all engines fail alike. */
function runtimeError(error: SystemError): Error {
  switch (error.code) {
    case "EADDRINUSE":
      return new Deno.errors.AddrInUse(error.message);
    case "EADDRNOTAVAIL":
      return new Deno.errors.AddrNotAvailable(error.message);
    case "EACCES":
      return new Deno.errors.PermissionDenied(error.message);
    case "ENOENT":
      return new Deno.errors.NotFound(error.message);
  }
  return error;
}

function open(
  { hostname, port, backlog, path, reusePort, passed }: ListenOptions,
  { noDelay }: Pick<SendOptions, "noDelay">,
): ListeningSocket {
  if (passed !== undefined) return share(passed[0], noDelay);
  if (path !== undefined) {
    const bound = bindUnix(path, (name) => {
      const fd = listenUnix(name, backlog);
      return { fd, close: () => close(fd) };
    });
    const { fd } = bound.listener;
    return {
      fd,
      address: `unix:${path}`,
      port: 0,
      isUnix: true,
      isShared: false,
      close: () => bound.close(),
    };
  }
  const { fd, ...bound } = listenTcp({
    hostname,
    port,
    backlog,
    reusePort: reusePort ? "further" : "never",
    noDelay,
  });
  // Accepted sockets inherit it. What fails costs speed only.
  if (isLoopback(bound.hostname)) setSendBuffer(fd, LOOPBACK_SEND_BUFFER);
  const address = formatHostPort(bound.hostname, bound.port);
  return {
    fd,
    address,
    port: bound.port,
    isUnix: false,
    isShared: false,
    close: () => close(fd),
  };
}

/** A descriptor of its own for a socket that was passed, with what accepted sockets inherit. */
function share({ fd: passed, address, port }: PassedSocket, noDelay: boolean): ListeningSocket {
  const fd = duplicate(passed);
  const isUnix = address.startsWith("unix:");
  if (!isUnix) {
    // What fails costs speed only.
    setNoDelay(fd, noDelay);
    if (isLoopback(address)) setSendBuffer(fd, LOOPBACK_SEND_BUFFER);
  }
  return { fd, address, port, isUnix, isShared: true, close: () => close(fd) };
}

/** Whether only this machine reaches `address`, an IP address, perhaps with a port. */
function isLoopback(address: string): boolean {
  return /^(\[?::1(\]:|$)|127\.)/.test(address);
}
