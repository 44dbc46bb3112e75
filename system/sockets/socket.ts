import { formatEndpoint } from "./address.ts";
import type { State } from "./state.ts";

/** A TCP socket as the kernel reports it. */
export interface TcpSocket {
  family: "ipv4" | "ipv6";
  localAddress: string;
  localPort: number;
  remoteAddress: string;
  /** 0 for a listening socket. */
  remotePort: number;
  state: State;
  /** Bytes that wait for the process; for a listening socket, connections that wait for accept. */
  recvQ: number;
  /**
   * Bytes that the peer has not acknowledged; for a listening socket the backlog, `null` if
   * unknown.
   */
  sendQ: number | null;
  /** Owner; 0 in TIME-WAIT, which belongs to no process. */
  uid: number;
  /** Inode of the socket; 0 in TIME-WAIT. */
  inode: number;
}

/** A socket that the kernel can be asked to destroy. */
export interface DiagSocket extends TcpSocket {
  /**
   * `struct inet_diag_sockid`: the addresses, and the cookie that distinguishes it from a
   * successor.
   */
  id: Uint8Array;
}

/** The local end, as `127.0.0.1:80` or `[::1]:80`. */
export function localOf(socket: TcpSocket): string {
  return formatEndpoint(socket.localAddress, socket.localPort);
}

/** The remote end; `0.0.0.0:*` or `[::]:*` for a listening socket. */
export function remoteOf(socket: TcpSocket): string {
  return formatEndpoint(socket.remoteAddress, socket.remotePort);
}
