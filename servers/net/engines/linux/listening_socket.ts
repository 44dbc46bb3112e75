/** Listening sockets, as descriptors. */
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
 * SO_SNDBUF of connections over loopback, in bytes; the kernel doubles it. Loopback has no delay to
 * bridge, so a larger buffer (the kernel allows up to 4 MiB) only means that data falls out of the
 * CPU caches before it is read: sending 1 MiB from memory took 11 % more CPU, and 64 MiB of a file
 * 20 % more. Real networks need the kernel's own, larger size.
 */
const LOOPBACK_SEND_BUFFER = 256 << 10;

/** A listening socket of any thread. */
export interface ListeningSocket {
  readonly fd: number;
  readonly address: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
  readonly isUnix: boolean;
  /**
   * Whether other processes or threads have descriptors of it, so that it must not be shut down.
   */
  readonly isShared: boolean;
  close(): void;
}

/**
 * Opens a non-blocking listening socket. @throws what `Deno.listen` throws when the address cannot
 * be bound
 */
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

/** The runtime's class of error, so that all engines fail alike. */
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
  // Accepted sockets inherit it. A failure only costs speed.
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

/**
 * Duplicates the descriptor of a passed socket, and sets the options that accepted sockets inherit.
 */
function share({ fd: passed, address, port }: PassedSocket, noDelay: boolean): ListeningSocket {
  const fd = duplicate(passed);
  const isUnix = address.startsWith("unix:");
  if (!isUnix) {
    // A failure only costs speed.
    setNoDelay(fd, noDelay);
    if (isLoopback(address)) setSendBuffer(fd, LOOPBACK_SEND_BUFFER);
  }
  return { fd, address, port, isUnix, isShared: true, close: () => close(fd) };
}

/** Whether only this machine reaches `address`, an IP address, perhaps with a port. */
function isLoopback(address: string): boolean {
  return /^(\[?::1(\]:|$)|127\.)/.test(address);
}
