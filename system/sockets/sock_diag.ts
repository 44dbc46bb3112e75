/**
 * The kernel's socket monitor (sock_diag(7)): dumps TCP sockets, and destroys single ones.
 *
 * Netlink answers a request within the `send` call, and produces the next part of a dump within the
 * `recv` call for the previous one. So no call here waits: the socket is read with MSG_DONTWAIT,
 * and EAGAIN would be an error of the kernel.
 */
import { type Libc, libc, SystemError } from "../linux/libc.ts";
import {
  AF_NETLINK,
  encodeInetDiagRequest,
  InetDiagMessage,
  NETLINK_SOCK_DIAG,
  NetlinkReader,
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
  SOCK_RAW,
} from "../linux/structs.ts";
import { AF_INET, AF_INET6 } from "../linux/sockaddr.ts";
import { MSG_DONTWAIT, SOCK_CLOEXEC } from "../linux/socket.ts";
import { formatIpv4, formatIpv6 } from "../ip.ts";
import { matchesPort, type SocketFilter } from "./filter.ts";
import type { DiagSocket } from "./socket.ts";
import { stateFromNumber, stateMask } from "./state.ts";

/** The kernel sends at most 32 KiB at a time; a smaller buffer would cut messages off. */
const RECEIVE_BYTES = 64 * 1024;

/**
 * The most ports that the kernel selects by: each of its tests costs a little for every socket,
 * whereas here it is one look-up in a set.
 */
const MAX_SELECTED_PORTS = 64;

/** The calls that a {@linkcode SockDiag} makes. */
export type SocketCalls = Pick<Libc, "socket" | "send" | "recv" | "close">;

/** A connection to sock_diag. Close it, or declare it with `using`. */
export class SockDiag implements Disposable {
  readonly #libc: SocketCalls;
  readonly #fd: number;
  readonly #buffer = new Uint8Array(RECEIVE_BYTES);
  readonly #reader = new NetlinkReader(this.#buffer);
  readonly #message = new InetDiagMessage(this.#reader.view);
  #sequence = 0;

  /**
   * @param calls libc's calls, or their replacements in a test
   * @throws {LibcError} if libc cannot be loaded
   * @throws {SystemError} if the kernel has no sock_diag, or a sandbox forbids it
   */
  constructor(calls: SocketCalls = libc()) {
    this.#libc = calls;
    this.#fd = this.#libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd);
  }

  /**
   * All TCP sockets, IPv4 and IPv6, that pass `filter`. No privilege is needed.
   *
   * @throws {SystemError} if the kernel refuses, for instance ENOENT without CONFIG_INET_DIAG
   */
  dump(filter: SocketFilter): DiagSocket[] {
    return [...this.#dumpFamily(AF_INET, filter), ...this.#dumpFamily(AF_INET6, filter)];
  }

  /**
   * Calls `onSocket` for each TCP socket of IPv4 that passes `filter`, always with the same message
   * object. No object is created per socket, so that many can be counted often.
   *
   * @throws {SystemError} as {@linkcode dump} does
   */
  visit(filter: SocketFilter, onSocket: (message: InetDiagMessage) => void): void {
    this.#visitFamily(AF_INET, filter, onSocket);
  }

  /**
   * Destroys one socket of a dump: a connection is reset, a TIME-WAIT socket is dropped.
   *
   * The cookie in the socket's id is what makes this safe: without it the kernel would take the
   * listening socket of that port when the connection itself is gone.
   *
   * @returns false if it was gone already
   * @throws {SystemError} EPERM without CAP_NET_ADMIN, ENOTSUP without CONFIG_INET_DIAG_DESTROY
   */
  destroy(socket: DiagSocket): boolean {
    const sequence = this.#request({
      type: SOCK_DESTROY,
      flags: NLM_F_ACK,
      family: socket.family === "ipv4" ? AF_INET : AF_INET6,
      stateMask: 0,
      socketId: socket.id,
    });
    let errno: number | undefined;
    this.#answers(sequence, () => {
      if (this.#reader.type === NLMSG_ERROR) errno = this.#reader.errno;
    });
    if (errno === 0) return true;
    if (errno !== undefined) {
      const error = new SystemError("SOCK_DESTROY", errno);
      // ESTALE: another socket has the same addresses by now.
      if (error.code === "ENOENT" || error.code === "ESTALE") return false;
      throw error;
    }
    throw new Error("SOCK_DESTROY: the kernel sent no acknowledgement");
  }

  #dumpFamily(family: number, filter: SocketFilter): DiagSocket[] {
    const sockets: DiagSocket[] = [];
    const toText = family === AF_INET ? ipv4Texts() : ipv6Text;
    this.#visitFamily(family, filter, (message) => {
      sockets.push({
        family: family === AF_INET ? "ipv4" : "ipv6",
        localAddress: toText((index) => message.localWord(index)),
        localPort: message.localPort,
        remoteAddress: toText((index) => message.remoteWord(index)),
        remotePort: message.remotePort,
        state: stateFromNumber(message.state)!,
        recvQ: message.receiveQueue,
        sendQ: message.sendQueue,
        uid: message.uid,
        inode: message.inode,
        id: message.copySocketId(),
      });
    });
    return sockets;
  }

  #visitFamily(
    family: number,
    filter: SocketFilter,
    onSocket: (message: InetDiagMessage) => void,
  ): void {
    const sequence = this.#request({
      type: SOCK_DIAG_BY_FAMILY,
      flags: NLM_F_DUMP,
      family,
      stateMask: stateMask(filter.states),
      ports: filter.ports.size <= MAX_SELECTED_PORTS ? [...filter.ports] : [],
    });
    const reader = this.#reader;
    const message = this.#message;
    this.#answers(sequence, () => {
      if (reader.type === NLMSG_ERROR) {
        const error = new SystemError("SOCK_DIAG_BY_FAMILY", reader.errno);
        // A kernel without IPv6 has no handler for the family, and no sockets of it either.
        if (family === AF_INET6 && error.code === "ENOENT") return;
        throw error;
      }
      if (reader.type !== SOCK_DIAG_BY_FAMILY) return;
      message.at = reader.bodyAt;
      if (stateFromNumber(message.state) && matchesPort(filter, message)) onSocket(message);
    });
  }

  /** Sends a request. @returns its sequence number */
  #request(request: Omit<Parameters<typeof encodeInetDiagRequest>[0], "sequence">): number {
    const sequence = ++this.#sequence;
    const flags = request.flags | NLM_F_REQUEST;
    this.#libc.send(this.#fd, encodeInetDiagRequest({ ...request, flags, sequence }), 0);
    return sequence;
  }

  /**
   * Calls `onMessage` for each message that answers request `sequence`, up to the one that ends the
   * answer: an error is passed on, the end of a dump is not.
   */
  #answers(sequence: number, onMessage: () => void): void {
    const reader = this.#reader;
    while (true) {
      reader.begin(this.#libc.recv(this.#fd, this.#buffer, MSG_DONTWAIT));
      while (reader.next()) {
        if (reader.sequence !== sequence) continue;
        if (reader.type === NLMSG_DONE) return;
        onMessage();
        if (reader.type === NLMSG_ERROR) return;
      }
    }
  }
}

type WordAt = (index: number) => number;

/** Formats IPv4 addresses, each only once: a dump of a load run repeats a handful of them. */
function ipv4Texts(): (wordAt: WordAt) => string {
  const texts = new Map<number, string>();
  return (wordAt) => {
    const word = wordAt(0);
    let text = texts.get(word);
    if (text === undefined) texts.set(word, text = formatIpv4(word));
    return text;
  };
}

function ipv6Text(wordAt: WordAt): string {
  return formatIpv6([wordAt(0), wordAt(1), wordAt(2), wordAt(3)]);
}
