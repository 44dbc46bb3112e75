/**
 * Parser for `/proc/net/tcp` and `/proc/net/tcp6`, the fallback where there is no sock_diag. Pure.
 *
 * A line, whose numbers are hexadecimal except uid, timeout and inode:
 *
 * ```
 *   0: 0100007F:3039 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 640 …
 *  sl  local         remote        st tx_queue:rx_queue tr:when     retransmits uid timeout inode
 * ```
 *
 * An address is printed as 32-bit words in the byte order of the machine (little-endian wherever
 * Deno runs), so the bytes of each word are reversed.
 */
import { formatIpv4, formatIpv6 } from "../ip.ts";
import { matchesPort, type SocketFilter } from "./filter.ts";
import type { TcpSocket } from "./socket.ts";
import { stateFromNumber } from "./state.ts";

/**
 * Parses the text of `/proc/net/tcp` or `/proc/net/tcp6`, of which the first line is a heading.
 *
 * The backlog of a listening socket is not included: its `sendQ` is `null`.
 *
 * @throws {SyntaxError} on a line of another form
 */
export function parseProcNet(
  text: string,
  filter: SocketFilter,
  options: { family: "ipv4" | "ipv6" },
): TcpSocket[] {
  const sockets: TcpSocket[] = [];
  const lines = text.split("\n");
  for (let index = 1; index < lines.length; index++) {
    if (lines[index] === "") continue;
    const socket = parseLine(lines[index], filter, options.family);
    if (socket === undefined) {
      throw new SyntaxError(`Line ${index + 1} is not a socket: ${lines[index].trim()}`);
    }
    if (socket !== null) sockets.push(socket);
  }
  return sockets;
}

/** @returns null if the filter excludes it, undefined if it is not a socket */
function parseLine(
  line: string,
  filter: SocketFilter,
  family: "ipv4" | "ipv6",
): TcpSocket | null | undefined {
  const fields = line.trim().split(/ +/);
  if (fields.length < 10) return undefined;
  const [, local, remote, stateHex, queues, , , uid, , inode] = fields;
  const addressLength = family === "ipv4" ? 8 : 32;
  if (local[addressLength] !== ":" || remote[addressLength] !== ":") return undefined;
  const state = stateFromNumber(parseInt(stateHex, 16));
  if (state === undefined) return undefined;
  const localPort = parseInt(local.slice(addressLength + 1), 16);
  const remotePort = parseInt(remote.slice(addressLength + 1), 16);
  if (!filter.states.has(state) || !matchesPort(filter, { localPort, remotePort })) return null;
  return {
    family,
    localAddress: parseAddress(local, family),
    localPort,
    remoteAddress: parseAddress(remote, family),
    remotePort,
    state,
    recvQ: parseInt(queues.slice(9), 16),
    sendQ: state === "listening" ? null : parseInt(queues.slice(0, 8), 16),
    uid: Number(uid),
    inode: Number(inode),
  };
}

function parseAddress(hex: string, family: "ipv4" | "ipv6"): string {
  if (family === "ipv4") return formatIpv4(parseWord(hex, 0));
  return formatIpv6([0, 8, 16, 24].map((at) => parseWord(hex, at)));
}

/** The 32-bit word printed at `at`, with its bytes in network order. */
function parseWord(hex: string, at: number): number {
  const word = parseInt(hex.slice(at, at + 8), 16);
  return (word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24) >>> 0;
}
