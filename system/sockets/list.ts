/**
 * The TCP sockets of this network namespace, from sock_diag or, if that is not available, from
 * `/proc/net/tcp` and `/proc/net/tcp6`.
 */
import { LibcError, SystemError } from "../linux/libc.ts";
import type { SocketFilter } from "./filter.ts";
import { parseProcNet } from "./proc_net.ts";
import { SockDiag } from "./sock_diag.ts";
import type { TcpSocket } from "./socket.ts";

/** Sockets, and why they were read from a fallback. */
export interface SocketList {
  sockets: TcpSocket[];
  /** Why sock_diag could not be used; undefined when it was. */
  fallbackReason?: string;
}

/**
 * Lists the sockets that pass `filter`. Needs no privilege.
 *
 * @param options.open opens sock_diag; tests let it fail
 * @throws {Error} if there is neither sock_diag nor `/proc/net/tcp`; the message says why
 */
export function listSockets(
  filter: SocketFilter,
  { open = () => new SockDiag() } = {},
): SocketList {
  try {
    using diag = open();
    return { sockets: diag.dump(filter) };
  } catch (error) {
    if (!(error instanceof SystemError || error instanceof LibcError)) throw error;
    return { sockets: readProcNet(filter, error.message), fallbackReason: error.message };
  }
}

/**
 * Lists the sockets of `/proc/net/tcp` and `/proc/net/tcp6` that pass `filter`.
 *
 * @param diagReason why there is no sock_diag
 * @throws {Error} if there is no `/proc/net/tcp` either; the message says why
 */
export function readProcNet(filter: SocketFilter, diagReason: string): TcpSocket[] {
  let ipv4: string;
  try {
    ipv4 = Deno.readTextFileSync("/proc/net/tcp");
  } catch (error) {
    throw new Error(`no sock_diag (${diagReason}), no /proc/net/tcp (${(error as Error).message})`);
  }
  return [
    ...parseProcNet(ipv4, filter, { family: "ipv4" }),
    ...parseProcNet(readIpv6(), filter, { family: "ipv6" }),
  ];
}

/** Empty on a kernel without IPv6. */
function readIpv6(): string {
  try {
    return Deno.readTextFileSync("/proc/net/tcp6");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
