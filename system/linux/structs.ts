/**
 * Byte layouts of the netlink and inet_diag messages (linux/netlink.h, linux/inet_diag.h).
 *
 * Integers are in the byte order of the machine, which is little-endian wherever Deno runs; ports
 * and addresses are in network byte order.
 *
 * ```
 * nlmsghdr           inet_diag_req_v2     inet_diag_msg        inet_diag_sockid
 *  0 u32 length       0 u8  family         0 u8  family         0 be16 source port
 *  4 u16 type         1 u8  protocol       1 u8  state          2 be16 destination port
 *  6 u16 flags        2 u8  extensions     2 u8  timer          4 be32 source[4]
 *  8 u32 sequence     3 u8  padding        3 u8  retransmits   20 be32 destination[4]
 * 12 u32 port id      4 u32 state mask     4     sockid        36 u32  interface
 * 16                  8     sockid        52 u32 expires (ms)  40 u32  cookie[2]
 *                    56 attributes        56 u32 receive queue 48
 *                                         60 u32 send queue
 *                                         64 u32 uid
 *                                         68 u32 inode
 *                                         72
 *
 * nlattr             inet_diag_bc_op
 *  0 u16 length       0 u8  code
 *  2 u16 type         1 u8  step when it holds
 *  4                  2 u16 step when it does not, or the value of the operation before
 *                     4
 * ```
 */

export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const NETLINK_SOCK_DIAG = 4;
const IPPROTO_TCP = 6;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_DUMP = 0x300;
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;
export const SOCK_DIAG_BY_FAMILY = 20;
export const SOCK_DESTROY = 21;

/** Size in bytes of a `struct nlmsghdr`. */
export const NLMSGHDR_BYTES = 16;
const SOCKID_BYTES = 48;
const REQUEST_BYTES = NLMSGHDR_BYTES + 56;
const SOCKID_IN_REQUEST = NLMSGHDR_BYTES + 8;
const SOCKID_IN_MESSAGE = 4;

/** The attribute of a request with a program by which the kernel selects sockets. */
const INET_DIAG_REQ_BYTECODE = 1;
const ATTRIBUTE_BYTES = 4;

/** Operations of such a program: a step, and comparisons of a port with the next operation's value. */
const INET_DIAG_BC_JMP = 1;
const INET_DIAG_BC_S_GE = 2;
const INET_DIAG_BC_S_LE = 3;
const INET_DIAG_BC_D_GE = 4;
const INET_DIAG_BC_D_LE = 5;
const OPERATION_BYTES = 4;
const COMPARISON_BYTES = 2 * OPERATION_BYTES;

/** Bytes of a test whether one end has one port, including the jump to the end after it. */
const TEST_BYTES = 2 * COMPARISON_BYTES + OPERATION_BYTES;

/** The content of a request; see {@linkcode encodeInetDiagRequest}. */
export interface InetDiagRequest {
  /** `SOCK_DIAG_BY_FAMILY` or `SOCK_DESTROY`. */
  type: number;
  /** `NLM_F_*`, or-ed. */
  flags: number;
  /** Returned in every answer. */
  sequence: number;
  /** `AF_INET` or `AF_INET6`. */
  family: number;
  /** Bit n selects the TCP state with number n; SOCK_DESTROY ignores it. */
  stateMask: number;
  /** A `struct inet_diag_sockid` from a dump; default: all zeros, which means any. */
  socketId?: Uint8Array;
  /** Selects sockets either end of which has one of these ports; default: all. */
  ports?: readonly number[];
}

/** A `struct inet_diag_msg`, decoded on access from the buffer that holds it. */
export class InetDiagMessage {
  readonly #view: DataView<ArrayBuffer>;
  /**
   * Where it begins. It is moved on from message to message, so that a dump creates no object for
   * each.
   */
  at = 0;

  /** @param view of the buffer, or of the payload of a SOCK_DIAG_BY_FAMILY message */
  constructor(view: DataView<ArrayBuffer>) {
    this.#view = view;
  }

  /** `AF_INET` or `AF_INET6`. */
  get family(): number {
    return this.#view.getUint8(this.at);
  }

  /** Number of the TCP state, from 1. */
  get state(): number {
    return this.#view.getUint8(this.at + 1);
  }

  get localPort(): number {
    return this.#view.getUint16(this.at + SOCKID_IN_MESSAGE);
  }

  get remotePort(): number {
    return this.#view.getUint16(this.at + SOCKID_IN_MESSAGE + 2);
  }

  /** 32-bit word `index` of the local address, most significant first; IPv4 has only word 0. */
  localWord(index: number): number {
    return this.#view.getUint32(this.at + SOCKID_IN_MESSAGE + 4 + 4 * index);
  }

  /** As {@linkcode localWord}, of the remote address. */
  remoteWord(index: number): number {
    return this.#view.getUint32(this.at + SOCKID_IN_MESSAGE + 20 + 4 * index);
  }

  /** Bytes not read by the process; for a listener, connections that wait for accept(2). */
  get receiveQueue(): number {
    return this.#view.getUint32(this.at + 56, true);
  }

  /** Bytes not acknowledged by the peer; for a listener, the backlog. */
  get sendQueue(): number {
    return this.#view.getUint32(this.at + 60, true);
  }

  get uid(): number {
    return this.#view.getUint32(this.at + 64, true);
  }

  get inode(): number {
    return this.#view.getUint32(this.at + 68, true);
  }

  /** The `struct inet_diag_sockid` with its cookie, copied out of the buffer. */
  copySocketId(): Uint8Array {
    const start = this.#view.byteOffset + this.at + SOCKID_IN_MESSAGE;
    return new Uint8Array(this.#view.buffer.slice(start, start + SOCKID_BYTES));
  }
}

/** Encodes a netlink message with a `struct inet_diag_req_v2` for TCP. */
export function encodeInetDiagRequest(request: InetDiagRequest): Uint8Array<ArrayBuffer> {
  const { ports = [] } = request;
  const attributeBytes = ports.length === 0 ? 0 : ATTRIBUTE_BYTES + programBytes(ports.length);
  const bytes = new Uint8Array(REQUEST_BYTES + attributeBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, request.type, true);
  view.setUint16(6, request.flags, true);
  view.setUint32(8, request.sequence, true);
  view.setUint8(16, request.family);
  view.setUint8(17, IPPROTO_TCP);
  view.setUint32(20, request.stateMask, true);
  if (request.socketId) bytes.set(request.socketId, SOCKID_IN_REQUEST);
  if (ports.length > 0) {
    view.setUint16(REQUEST_BYTES, attributeBytes, true);
    view.setUint16(REQUEST_BYTES + 2, INET_DIAG_REQ_BYTECODE, true);
    encodeProgram(new DataView(bytes.buffer, REQUEST_BYTES + ATTRIBUTE_BYTES), ports);
  }
  return bytes;
}

/** Length of the program that tests for `ports` ports; nothing follows its last test. */
function programBytes(ports: number): number {
  return 2 * ports * TEST_BYTES - OPERATION_BYTES;
}

/**
 * Writes the program that selects sockets either end of which has one of `ports`. A program that
 * reaches its end selects; one that jumps past its end does not. A test jumps to the next one if it
 * fails, and to the end if it holds.
 */
function encodeProgram(view: DataView, ports: readonly number[]): void {
  const end = view.byteLength;
  const ends = [
    [INET_DIAG_BC_S_GE, INET_DIAG_BC_S_LE],
    [INET_DIAG_BC_D_GE, INET_DIAG_BC_D_LE],
  ];
  const tests = ports.flatMap((port) => ends.map((codes) => ({ port, codes })));
  tests.forEach(({ port, codes }, i) => {
    // Nothing follows the last test, so its failure jumps past the end.
    const next = (i + 1) * TEST_BYTES;
    let at = i * TEST_BYTES;
    for (const code of codes) {
      view.setUint8(at, code);
      view.setUint8(at + 1, COMPARISON_BYTES);
      view.setUint16(at + 2, next - at, true);
      view.setUint16(at + OPERATION_BYTES + 2, port, true);
      at += COMPARISON_BYTES;
    }
    if (at === end) return;
    view.setUint8(at, INET_DIAG_BC_JMP);
    view.setUint8(at + 1, OPERATION_BYTES);
    view.setUint16(at + 2, end - at, true);
  });
}

/**
 * The netlink messages in the first `length` bytes of a buffer, one after the other, without an
 * object for each, because a dump has tens of thousands.
 */
export class NetlinkReader {
  readonly view: DataView<ArrayBuffer>;
  /** Where the payload of the message begins. */
  bodyAt = 0;
  #at = 0;
  #next = 0;
  #end = 0;

  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  /** Starts at the first message of `length` bytes; {@linkcode next} moves to it. */
  begin(length: number): void {
    this.#next = 0;
    this.#end = length;
  }

  /**
   * Moves to the next message. @returns false if there is none
   *
   * @throws {RangeError} if its length points outside of the bytes
   */
  next(): boolean {
    const at = this.#next;
    if (at + NLMSGHDR_BYTES > this.#end) return false;
    const bytes = this.view.getUint32(at, true);
    if (bytes < NLMSGHDR_BYTES || at + bytes > this.#end) {
      throw new RangeError(`Netlink message of ${bytes} bytes at ${at} of ${this.#end}`);
    }
    this.#at = at;
    this.bodyAt = at + NLMSGHDR_BYTES;
    this.#next = at + ((bytes + 3) & ~3);
    return true;
  }

  get type(): number {
    return this.view.getUint16(this.#at + 4, true);
  }

  get sequence(): number {
    return this.view.getUint32(this.#at + 8, true);
  }

  /** The positive errno of an NLMSG_ERROR message; 0 is an acknowledgement. */
  get errno(): number {
    return -this.view.getInt32(this.bodyAt, true);
  }
}
