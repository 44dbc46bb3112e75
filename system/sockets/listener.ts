/** Which process listens on a port. */
import { parentOf } from "../process_usage.ts";
import { isThisMachine } from "../this_machine.ts";
import { listSockets } from "./list.ts";

/**
 * The process that listens at `address`; of a parent and children that share the socket, the parent.
 *
 * @returns undefined when there is none, or it belongs to somebody else and may not be looked at
 */
export function listenerPid(
  { hostname, port }: { hostname: string; port: number },
): number | undefined {
  if (!isThisMachine(hostname)) return undefined;
  const inodes = listeningInodes(hostname, port);
  if (inodes.size === 0) return undefined;
  const holders = new Set<number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    if (/^\d+$/.test(name) && holdsOneOf(name, inodes)) holders.add(Number(name));
  }
  return [...holders].find((pid) => !holders.has(parentOf(pid) ?? 0));
}

/** The inodes of the sockets that listen at `hostname`, or at all addresses. */
function listeningInodes(hostname: string, port: number): Set<number> {
  try {
    const { sockets } = listSockets({ states: new Set(["listening"]), ports: new Set([port]) });
    const own = sockets.filter(({ localAddress, localPort }) =>
      localPort === port && ["0.0.0.0", "::", hostname].includes(localAddress)
    );
    return new Set(own.map(({ inode }) => inode));
  } catch {
    // Neither sock_diag nor /proc/net: nothing is known.
    return new Set();
  }
}

function holdsOneOf(pid: string, inodes: ReadonlySet<number>): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    for (const { name } of Deno.readDirSync(folder)) {
      const match = /^socket:\[(\d+)\]$/.exec(linkOf(`${folder}/${name}`));
      if (match !== null && inodes.has(Number(match[1]))) return true;
    }
  } catch {
    // It has ended, or belongs to somebody else.
  }
  return false;
}

/** Where a link leads; empty when it was closed since. */
function linkOf(path: string): string {
  try {
    return Deno.readLinkSync(path);
  } catch {
    return "";
  }
}
