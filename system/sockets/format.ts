/** Sockets and counts as text for people. Pure. */
import type { PortCounts, StateCounts } from "./count.ts";
import { localOf, remoteOf, type TcpSocket } from "./socket.ts";
import { type State, STATES } from "./state.ts";

/** Rows of the table per port; what is beyond them is summed up in one line. */
const MAX_PORT_ROWS = 20;

/** The count table: sockets per state, then per port and state. */
export function formatCounts(counts: StateCounts, ports: readonly PortCounts[]): string {
  const states = STATES.filter((state) => counts[state]);
  const total = states.reduce((sum, state) => sum + counts[state]!, 0);
  if (total === 0) return "no TCP sockets";
  const perState = formatTable([
    ["state", "sockets"],
    ...states.map((state) => [state, String(counts[state])]),
    ["total", String(total)],
  ], "lr");
  return `${perState}\n\n${formatPorts(ports, states)}`;
}

function formatPorts(ports: readonly PortCounts[], states: readonly State[]): string {
  const shown = ports.slice(0, MAX_PORT_ROWS);
  const table = formatTable([
    ["local port", ...states, "total"],
    ...shown.map(({ port, end, counts, total }) => [
      end === "local" ? String(port) : `any, to ${port}`,
      ...states.map((state) => String(counts[state] ?? 0)),
      String(total),
    ]),
  ], "l" + "r".repeat(states.length + 1));
  const rest = ports.slice(MAX_PORT_ROWS);
  if (rest.length === 0) return table;
  const sockets = rest.reduce((sum, row) => sum + row.total, 0);
  return `${table}\nmore ports: ${rest.length}, their sockets: ${sockets} (--list shows them)`;
}

/** One line per socket, columns as in `ss -tan`. */
export function formatList(sockets: readonly TcpSocket[]): string {
  return formatTable([
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
  return formatTable([
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

/** Pads cells to columns; `alignment` has one `l` or `r` per column. */
function formatTable(rows: readonly string[][], alignment: string): string {
  const widths = [...alignment].map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column].length), 0)
  );
  return rows.map((row) =>
    row.map((cell, column) =>
      alignment[column] === "r" ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
    ).join("  ").trimEnd()
  ).join("\n");
}
