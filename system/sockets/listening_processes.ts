/** Finds the processes that serve a port of this machine (proc_pid_fd(5)). Linux only. */
import { mayRead } from "../proc.ts";
import { parentOf } from "../process_usage.ts";
import { isThisMachine } from "../this_machine.ts";
import { listSockets } from "./list.ts";
import { socketInodes } from "./socket_inodes.ts";

/** The wildcard addresses, by which a server listens on all addresses of its machine. */
const ANY = ["0.0.0.0", "::"];

/**
 * The processes that hold a listening socket of `hostname` and `port`; a server that forks has
 * several.
 *
 * @param hostname an address
 * @returns their PIDs; none if they are unknown, because they are on another machine, in another
 * namespace, or another user's
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
 * The process that listens at `hostname` and `port`; if a parent and its children share the socket,
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
