/** Counts of sockets per state and per port. Pure. */
import type { TcpSocket } from "./socket.ts";
import type { State } from "./state.ts";

/** Sockets per state. */
export type StateCounts = Partial<Record<State, number>>;

/** The sockets of one service, as a row of the count table. */
export interface PortCounts {
  port: number;
  /**
   * Which end has the port: `local` for a server's sockets, `remote` for its clients on this
   * machine.
   */
  end: "local" | "remote";
  counts: StateCounts;
  total: number;
}

/** Counts `sockets` per state; each of `states` is in the result, with 0 if there is none. */
export function countStates(sockets: readonly TcpSocket[], states: Iterable<State>): StateCounts {
  const counts: StateCounts = {};
  for (const state of states) counts[state] = 0;
  for (const { state } of sockets) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/**
 * Counts `sockets` per port and state, the largest first.
 *
 * A socket counts for its local port, unless that is an ephemeral port of a client: then it counts
 * for the remote port, so that the 5,000 TIME-WAIT sockets of a load client are one row and not
 * 5,000. The port that more sockets share is the service's. When both are shared equally, it is the
 * port that is listened on, else the smaller one.
 */
export function countPorts(sockets: readonly TcpSocket[]): PortCounts[] {
  const local = new Map<number, number>();
  const remote = new Map<number, number>();
  const listening = new Set<number>();
  for (const { localPort, remotePort, state } of sockets) {
    local.set(localPort, (local.get(localPort) ?? 0) + 1);
    remote.set(remotePort, (remote.get(remotePort) ?? 0) + 1);
    if (state === "listening") listening.add(localPort);
  }
  const isService = ({ localPort, remotePort }: TcpSocket) => {
    if (listening.has(localPort) || remotePort === 0) return true;
    const surplus = local.get(localPort)! - remote.get(remotePort)!;
    return surplus === 0 ? !listening.has(remotePort) && localPort < remotePort : surplus > 0;
  };
  const rows = new Map<string, PortCounts>();
  for (const socket of sockets) {
    const end = isService(socket) ? "local" : "remote";
    const port = end === "local" ? socket.localPort : socket.remotePort;
    let row = rows.get(`${end} ${port}`);
    if (!row) rows.set(`${end} ${port}`, row = { port, end, counts: {}, total: 0 });
    row.counts[socket.state] = (row.counts[socket.state] ?? 0) + 1;
    row.total++;
  }
  return [...rows.values()].sort((a, b) =>
    b.total - a.total || a.port - b.port || a.end.localeCompare(b.end)
  );
}
