/** A socket that listens, as a descriptor. */
import { formatHostPort } from "../../../../system/address.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import { close, listenTcp, listenUnix } from "../../../../system/linux/socket.ts";
import type { ListenOptions } from "../../listen_options.ts";
import type { SendOptions } from "../../send_options.ts";
import { bindUnix } from "../../unix_path.ts";

/** A listening socket, on whichever thread. */
export interface ListeningSocket {
  readonly fd: number;
  readonly address: string;
  /** 0 for a Unix domain socket. */
  readonly port: number;
  readonly isUnix: boolean;
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
  { hostname, port, backlog, path, reusePort }: ListenOptions,
  { noDelay }: Pick<SendOptions, "noDelay">,
): ListeningSocket {
  if (path !== undefined) {
    const bound = bindUnix(path, (name) => {
      const fd = listenUnix(name, backlog);
      return { fd, close: () => close(fd) };
    });
    const { fd } = bound.listener;
    return { fd, address: `unix:${path}`, port: 0, isUnix: true, close: () => bound.close() };
  }
  const { fd, ...bound } = listenTcp({
    hostname,
    port,
    backlog,
    reusePort: reusePort ? "further" : "never",
    noDelay,
  });
  const address = formatHostPort(bound.hostname, bound.port);
  return { fd, address, port: bound.port, isUnix: false, close: () => close(fd) };
}
