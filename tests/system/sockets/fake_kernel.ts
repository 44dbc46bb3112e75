/** Plays the kernel's side of sock_diag, so that its answers can be chosen. */
import type { SocketCalls } from "../../../system/sockets/sock_diag.ts";
import {
  NLMSG_DONE,
  NLMSG_ERROR,
  NLMSGHDR_BYTES,
  SOCK_DESTROY,
  SOCK_DIAG_BY_FAMILY,
} from "../../../system/linux/structs.ts";

const INET_DIAG_MSG_BYTES = 72;
/** What the kernel sends at a time, at most. */
const PART_BYTES = 32 * 1024;

/** One request as the kernel reads it. */
export interface FakeRequest {
  type: number;
  flags: number;
  family: number;
  stateMask: number;
  socketId: Uint8Array;
}

/** Answers requests. */
export interface FakeAnswers {
  /** The `struct inet_diag_msg`s of a dump, or the errno that refuses it. */
  dump?: (request: FakeRequest) => Uint8Array[] | number;
  /** The errno that answers SOCK_DESTROY; 0 when it is done. */
  destroy?: (request: FakeRequest) => number;
}

/** A kernel that answers as told, and remembers what it was asked. */
export class FakeKernel implements SocketCalls {
  readonly requests: FakeRequest[] = [];
  closed = 0;
  readonly #answers: FakeAnswers;
  readonly #parts: Uint8Array[] = [];

  constructor(answers: FakeAnswers) {
    this.#answers = answers;
  }

  socket(): number {
    return 7;
  }

  send(_fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    const view = new DataView(bytes.buffer);
    const sequence = view.getUint32(8, true);
    const request = {
      type: view.getUint16(4, true),
      flags: view.getUint16(6, true),
      family: view.getUint8(16),
      stateMask: view.getUint32(20, true),
      socketId: bytes.slice(24, 72),
    };
    this.requests.push(request);
    if (request.type === SOCK_DESTROY) {
      this.#parts.push(error(sequence, this.#answers.destroy!(request)));
      return bytes.length;
    }
    const sockets = this.#answers.dump!(request);
    if (typeof sockets === "number") this.#parts.push(error(sequence, sockets));
    else this.#parts.push(...dumpParts(sequence, sockets));
    return bytes.length;
  }

  recv(_fd: number, buffer: Uint8Array): number {
    const part = this.#parts.shift();
    if (!part) throw new Error("nothing to receive: the kernel has answered in full");
    buffer.set(part);
    return part.length;
  }

  close(): void {
    this.closed++;
  }
}

/** A `struct inet_diag_msg`; addresses are their first 32-bit word. */
export function inetDiagMsg(fields: {
  family: number;
  state: number;
  localPort: number;
  remotePort: number;
  local?: number;
  remote?: number;
  cookie?: number;
}): Uint8Array {
  const bytes = new Uint8Array(INET_DIAG_MSG_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, fields.family);
  view.setUint8(1, fields.state);
  view.setUint16(4, fields.localPort);
  view.setUint16(6, fields.remotePort);
  view.setUint32(8, fields.local ?? 0x7f000001);
  view.setUint32(24, fields.remote ?? 0x7f000001);
  view.setUint32(44, fields.cookie ?? 0, true);
  view.setUint32(56, 3, true);
  view.setUint32(60, 128, true);
  view.setUint32(64, 1000, true);
  view.setUint32(68, 4711, true);
  return bytes;
}

function dumpParts(sequence: number, sockets: readonly Uint8Array[]): Uint8Array[] {
  const perPart = Math.floor(PART_BYTES / (NLMSGHDR_BYTES + INET_DIAG_MSG_BYTES));
  const parts: Uint8Array[] = [];
  for (let index = 0; index < sockets.length; index += perPart) {
    const bodies = sockets.slice(index, index + perPart);
    const part = new Uint8Array(bodies.length * (NLMSGHDR_BYTES + INET_DIAG_MSG_BYTES));
    bodies.forEach((body, at) => {
      part.set(message(SOCK_DIAG_BY_FAMILY, sequence, body), at * (part.length / bodies.length));
    });
    parts.push(part);
  }
  return [...parts, message(NLMSG_DONE, sequence, new Uint8Array(4))];
}

function error(sequence: number, errno: number): Uint8Array {
  const body = new Uint8Array(4 + NLMSGHDR_BYTES);
  new DataView(body.buffer).setInt32(0, -errno, true);
  return message(NLMSG_ERROR, sequence, body);
}

function message(type: number, sequence: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(NLMSGHDR_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, type, true);
  view.setUint32(8, sequence, true);
  bytes.set(body, NLMSGHDR_BYTES);
  return bytes;
}
