/** Which processes serve a port of this machine (proc_pid_fd(5)). Linux only. */
import { mayRead } from "../proc.ts";
import { isThisMachine } from "../this_machine.ts";
import { listSockets } from "./list.ts";

/**
 * The processes that hold a listening socket of `hostname` and `port`; a server that forks has
 * several.
 *
 * @param hostname an address
 * @returns their numbers; none where they cannot be told: on another machine or in another
 * namespace, or of another user
 */
export function listeningProcesses(hostname: string, port: number): number[] {
  if (Deno.build.os !== "linux" || !mayRead("/proc") || !isThisMachine(hostname)) return [];
  const inodes = listeningInodes(hostname, port);
  if (inodes.size === 0) return [];
  return namesIn("/proc").filter((name) => /^\d+$/.test(name))
    .filter((pid) => holdsOne(pid, inodes)).map(Number);
}

/** The wildcard addresses, at which a server of every address of its machine listens. */
const ANY = ["0.0.0.0", "::"];

function listeningInodes(hostname: string, port: number): Set<number> {
  try {
    const { sockets } = listSockets({ states: new Set(["listening"]), ports: new Set([port]) });
    const inodes = sockets.filter(({ localAddress }) =>
      localAddress === hostname || ANY.includes(localAddress)
    ).map(({ inode }) => inode);
    return new Set(inodes);
  } catch {
    // Neither sock_diag nor /proc/net/tcp.
    return new Set();
  }
}

function holdsOne(pid: string, inodes: ReadonlySet<number>): boolean {
  const folder = `/proc/${pid}/fd`;
  return namesIn(folder).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${fd}`))?.[1];
    return inode !== undefined && inodes.has(Number(inode));
  });
}

/** What is in a folder of `/proc`; nothing where the process is another user's, or has ended. */
function namesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    // Closed since.
    return "";
  }
}
