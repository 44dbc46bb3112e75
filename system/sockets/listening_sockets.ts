/** The listening sockets of a process (proc_pid_fd(5)). Linux only. */
import { listSockets } from "./list.ts";
import type { TcpSocket } from "./socket.ts";
import { socketInodes } from "./socket_inodes.ts";

/**
 * The TCP sockets on which process `pid` listens, in ascending order of ports.
 *
 * @returns none when there is no such process, or it is another user's
 * @throws {Error} if there is neither sock_diag nor `/proc/net/tcp`
 */
export function listeningSockets(pid: number): TcpSocket[] {
  const inodes = socketInodes(pid);
  if (inodes.size === 0) return [];
  const { sockets } = listSockets({ states: new Set(["listening"]), ports: new Set() });
  return sockets.filter(({ inode }) => inodes.has(inode))
    .sort((a, b) => a.localPort - b.localPort);
}
