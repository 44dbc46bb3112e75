/** Sockets and counts as text for people. Pure. */
import { table } from "../../bench/report/text_layout.ts";
import type { PortCounts, StateCounts } from "../../system/sockets/count.ts";
import { localOf, remoteOf, type TcpSocket } from "../../system/sockets/socket.ts";
import { type State, STATES } from "../../system/sockets/state.ts";

/** Rows of the table per port; what is beyond them is summed up in one line. */
const MAX_PORT_ROWS = 20;

/** The count table: sockets per state, then per port and state. */
export function formatCounts(counts: StateCounts, ports: readonly PortCounts[]): string {
  const states = STATES.filter((state) => counts[state]);
  const total = states.reduce((sum, state) => sum + counts[state]!, 0);
  if (total === 0) return "no TCP sockets";
  const perState = table([
    ["state", "sockets"],
    ...states.map((state) => [state, String(counts[state])]),
    ["total", String(total)],
  ], "lr");
  return `${perState}\n\n${formatPorts(ports, states)}`;
}

function formatPorts(ports: readonly PortCounts[], states: readonly State[]): string {
  const shown = ports.slice(0, MAX_PORT_ROWS);
  const text = table([
    ["local port", ...states, "total"],
    ...shown.map(({ port, end, counts, total }) => [
      end === "local" ? String(port) : `any, to ${port}`,
      ...states.map((state) => String(counts[state] ?? 0)),
      String(total),
    ]),
  ], "lr");
  const rest = ports.slice(MAX_PORT_ROWS);
  if (rest.length === 0) return text;
  const sockets = rest.reduce((sum, row) => sum + row.total, 0);
  return `${text}\nmore ports: ${rest.length}, their sockets: ${sockets} (--list shows them)`;
}

/** One line per socket, columns as in `ss -tan`. */
export function formatList(sockets: readonly TcpSocket[]): string {
  return table([
    ["state", "recv-q", "send-q", "local", "remote"],
    ...sockets.map((socket) => [
      socket.state,
      String(socket.recvQ),
      formatBacklog(socket),
      localOf(socket),
      remoteOf(socket),
    ]),
  ], "lrrll");
}

/**
 * One line per listening socket with its accept queue and backlog, as `ss -ltn` shows them. A queue
 * longer than its backlog is marked: the kernel then ignores the last step of new handshakes.
 */
export function formatListeners(sockets: readonly TcpSocket[]): string {
  if (sockets.length === 0) return "no listening TCP sockets";
  return table([
    ["state", "queue", "backlog", "local", "remote", ""],
    ...sockets.map((socket) => [
      socket.state,
      String(socket.recvQ),
      formatBacklog(socket),
      localOf(socket),
      remoteOf(socket),
      socket.sendQ !== null && socket.recvQ > socket.sendQ ? "full: connections wait" : "",
    ]),
  ], "lrrlll");
}

function formatBacklog({ sendQ }: TcpSocket): string {
  return sendQ === null ? "?" : String(sendQ);
}
