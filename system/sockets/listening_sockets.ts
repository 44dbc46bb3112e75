/** The sockets at which a process listens (proc_pid_fd(5)). Linux only. */
import { listSockets } from "./list.ts";
import type { TcpSocket } from "./socket.ts";

/**
 * The TCP sockets at which process `pid` listens, those with low ports first.
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

/** The inodes of all sockets that process `pid` has open. */
function socketInodes(pid: number): Set<number> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set<number>();
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
  } catch (error) {
    const isGone = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied;
    if (!isGone) throw error;
  }
  return inodes;
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // Closed since.
    return "";
  }
}
