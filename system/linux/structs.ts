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
 *                    56                   56 u32 receive queue 48
 *                                         60 u32 send queue
 *                                         64 u32 uid
 *                                         68 u32 inode
 *                                         72
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

/** What {@linkcode encodeInetDiagRequest} puts into a request. */
export interface InetDiagRequest {
  /** `SOCK_DIAG_BY_FAMILY` or `SOCK_DESTROY`. */
  type: number;
  /** `NLM_F_*`, or-ed. */
  flags: number;
  /** Comes back in every answer. */
  sequence: number;
  /** `AF_INET` or `AF_INET6`. */
  family: number;
  /** Bit n selects the TCP state with number n; SOCK_DESTROY ignores it. */
  stateMask: number;
  /** A `struct inet_diag_sockid` as a dump gave it; all zeros, "any", without. */
  socketId?: Uint8Array;
}

/** A netlink message inside a received buffer. */
export interface NetlinkMessage {
  type: number;
  sequence: number;
  /** The payload, a view of the buffer. */
  body: DataView<ArrayBuffer>;
}

/** A `struct inet_diag_msg`, decoded on access from the buffer that holds it. */
export class InetDiagMessage {
  readonly #view: DataView<ArrayBuffer>;

  /** @param body the payload of a SOCK_DIAG_BY_FAMILY message */
  constructor(body: DataView<ArrayBuffer>) {
    this.#view = body;
  }

  /** `AF_INET` or `AF_INET6`. */
  get family(): number {
    return this.#view.getUint8(0);
  }

  /** Number of the TCP state, from 1. */
  get state(): number {
    return this.#view.getUint8(1);
  }

  get localPort(): number {
    return this.#view.getUint16(SOCKID_IN_MESSAGE);
  }

  get remotePort(): number {
    return this.#view.getUint16(SOCKID_IN_MESSAGE + 2);
  }

  /** 32-bit word `index` of the local address, most significant first; IPv4 has only word 0. */
  localWord(index: number): number {
    return this.#view.getUint32(SOCKID_IN_MESSAGE + 4 + 4 * index);
  }

  /** As {@linkcode localWord}, of the remote address. */
  remoteWord(index: number): number {
    return this.#view.getUint32(SOCKID_IN_MESSAGE + 20 + 4 * index);
  }

  /** Bytes not read by the process; for a listener, connections that wait for accept(2). */
  get receiveQueue(): number {
    return this.#view.getUint32(56, true);
  }

  /** Bytes not acknowledged by the peer; for a listener, the backlog. */
  get sendQueue(): number {
    return this.#view.getUint32(60, true);
  }

  get uid(): number {
    return this.#view.getUint32(64, true);
  }

  get inode(): number {
    return this.#view.getUint32(68, true);
  }

  /** The `struct inet_diag_sockid` with its cookie, copied out of the buffer. */
  copySocketId(): Uint8Array {
    const start = this.#view.byteOffset + SOCKID_IN_MESSAGE;
    return new Uint8Array(this.#view.buffer.slice(start, start + SOCKID_BYTES));
  }
}

/** Encodes a netlink message with a `struct inet_diag_req_v2` for TCP. */
export function encodeInetDiagRequest(request: InetDiagRequest): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(REQUEST_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, REQUEST_BYTES, true);
  view.setUint16(4, request.type, true);
  view.setUint16(6, request.flags, true);
  view.setUint32(8, request.sequence, true);
  view.setUint8(16, request.family);
  view.setUint8(17, IPPROTO_TCP);
  view.setUint32(20, request.stateMask, true);
  if (request.socketId) bytes.set(request.socketId, SOCKID_IN_REQUEST);
  return bytes;
}

/**
 * Yields the netlink messages in the first `length` bytes of `buffer`.
 *
 * @throws {RangeError} if a length field points outside of them
 */
export function* decodeNetlink(
  buffer: Uint8Array<ArrayBuffer>,
  length: number,
): Generator<NetlinkMessage> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, length);
  let offset = 0;
  while (offset + NLMSGHDR_BYTES <= length) {
    const messageBytes = view.getUint32(offset, true);
    if (messageBytes < NLMSGHDR_BYTES || offset + messageBytes > length) {
      throw new RangeError(`Netlink message of ${messageBytes} bytes at ${offset} of ${length}`);
    }
    yield {
      type: view.getUint16(offset + 4, true),
      sequence: view.getUint32(offset + 8, true),
      body: new DataView(
        buffer.buffer,
        buffer.byteOffset + offset + NLMSGHDR_BYTES,
        messageBytes - NLMSGHDR_BYTES,
      ),
    };
    offset += (messageBytes + 3) & ~3;
  }
}

/** The errno, positive, in the payload of an NLMSG_ERROR message; 0 is an acknowledgement. */
export function decodeNetlinkError(body: DataView): number {
  return -body.getInt32(0, true);
}
