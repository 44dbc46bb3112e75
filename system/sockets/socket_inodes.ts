/** The sockets that a process has open (proc_pid_fd(5)). Linux only. */

/** The inodes of the sockets of process `pid`; none when it has ended, or is another user's. */
export function socketInodes(pid: number): Set<number> {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set<number>();
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`))?.[1];
      if (inode !== undefined) inodes.add(Number(inode));
    }
  } catch {
    // It has ended (ENOENT, ESRCH), or is another user's.
  }
  return inodes;
}

/** The target of a link; empty if it was closed meanwhile. */
function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}
