/** Which processes serve a port of this machine (proc_pid_fd(5)). Linux only. */
import { mayRead } from "../proc.ts";
import { parentOf } from "../process_usage.ts";
import { isThisMachine } from "../this_machine.ts";
import { listSockets } from "./list.ts";
import { socketInodes } from "./socket_inodes.ts";

/** The wildcard addresses, at which a server of every address of its machine listens. */
const ANY = ["0.0.0.0", "::"];

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
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => name)
    .filter((name) => /^\d+$/.test(name)).map(Number)
    .filter((pid) => !inodes.isDisjointFrom(socketInodes(pid)));
}

/**
 * The process that listens at `hostname` and `port`; of a parent and children that share the socket,
 * the parent.
 *
 * @returns undefined where {@linkcode listeningProcesses} has none
 */
export function listenerPid(
  { hostname, port }: { hostname: string; port: number },
): number | undefined {
  const holders = listeningProcesses(hostname, port);
  return holders.find((pid) => !holders.includes(parentOf(pid) ?? 0));
}

function listeningInodes(hostname: string, port: number): Set<number> {
  try {
    const { sockets } = listSockets({ states: new Set(["listening"]), ports: new Set([port]) });
    const own = sockets.filter(({ localAddress, localPort }) =>
      localPort === port && (localAddress === hostname || ANY.includes(localAddress))
    );
    return new Set(own.map(({ inode }) => inode));
  } catch {
    // Neither sock_diag nor /proc/net/tcp.
    return new Set();
  }
}
