/** What the sockets of both Linux engines have in common: connecting, failing, closing. */
import type { Address } from "../../../system/address.ts";
import { Errno } from "../../../system/linux/errno.ts";
import { libc } from "../../../system/linux/libc.ts";
import { AF_UNIX, encodeTcpAddress, encodeUnixAddress } from "../../../system/linux/sockaddr.ts";
import {
  close,
  connectAgain,
  openConnection,
  setNoDelay,
  Shutdown,
  shutdown,
} from "../../../system/linux/socket.ts";
import { type ClientSocket, SEGMENT_BYTES, type SocketEvents } from "../socket.ts";
import type { BlockingLoop, Resumable } from "./blocking_loop.ts";

/** `target` as a sockaddr. @throws {TypeError} if it is not an address, or the path is too long */
export function encodeAddress(target: Address): Uint8Array<ArrayBuffer> {
  return "path" in target
    ? encodeUnixAddress(target.path)
    : encodeTcpAddress(target.hostname, target.port);
}

/** A connection over a descriptor. */
export abstract class DescriptorSocket implements ClientSocket, Resumable {
  isOpen = false;
  isWriting = false;
  /** The descriptor; -1 when there is none. */
  protected fd = -1;
  protected isClosed = false;
  protected readonly events: SocketEvents;
  readonly #loop: BlockingLoop;
  readonly #address: Uint8Array<ArrayBuffer>;
  #errno = 0;
  #hasNoDelay = false;

  constructor(loop: BlockingLoop, address: Uint8Array<ArrayBuffer>, events: SocketEvents) {
    this.#loop = loop;
    this.#address = address;
    this.events = events;
  }

  /** Begins to connect. On loopback it has succeeded or failed when this returns. */
  connect(): void {
    const address = this.#address;
    const fd = openConnection(address);
    if (fd < 0) return this.failSoon(-fd);
    this.fd = fd;
    const result = address[0] === AF_UNIX ? 0 : connectAgain(fd, address);
    if (result === 0) {
      this.watch(false);
      this.isOpen = true;
    } else if (result === -Errno.EALREADY) this.watch(true);
    else this.failSoon(-result);
  }

  abstract write(bytes: Uint8Array): void;

  finish(): void {
    shutdown(this.fd, Shutdown.Write);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.fd < 0) return;
    this.release();
    close(this.fd);
  }

  resume(): void {
    if (!this.isClosed && this.#errno !== 0) this.fail(this.#errno);
  }

  /** Starts to watch for events: the end of connecting while `isConnecting`, then input. */
  protected abstract watch(isConnecting: boolean): void;

  /** Ends everything that uses the descriptor, which is closed after that. */
  protected abstract release(): void;

  /** Handles the possible end of a connection attempt. */
  protected connected(): void {
    const result = connectAgain(this.fd, this.#address);
    if (result === -Errno.EALREADY) return this.watch(true);
    if (result < 0) return this.fail(-result);
    this.isOpen = true;
    this.watch(false);
    this.events.opened();
  }

  /** Called before a write of `count` bytes; makes sure that its last segment is sent at once. */
  protected beforeWrite(count: number): void {
    if (this.#hasNoDelay || count <= SEGMENT_BYTES) return;
    this.#hasNoDelay = true;
    // This fails for a Unix socket, which has no segments.
    setNoDelay(this.fd, true);
  }

  /** Reports an error after the present call. */
  protected failSoon(errno: number): void {
    this.#errno = errno;
    this.#loop.soon(this);
  }

  protected fail(errno: number): void {
    this.close();
    this.events.failed(socketError(errno));
  }

  protected end(): void {
    this.close();
    this.events.ended();
  }
}

/** The error that the runtime's sockets throw for `errno`, a positive number. */
function socketError(errno: number): Error {
  const text = `${libc().describe(errno)} (os error ${errno})`;
  const { errors } = Deno;
  switch (errno) {
    case Errno.ECONNREFUSED:
      return new errors.ConnectionRefused(text);
    case Errno.ECONNRESET:
      return new errors.ConnectionReset(text);
    case Errno.ECONNABORTED:
      return new errors.ConnectionAborted(text);
    case Errno.ETIMEDOUT:
      return new errors.TimedOut(text);
    case Errno.EPIPE:
      return new errors.BrokenPipe(text);
    case Errno.EAGAIN:
      return new errors.WouldBlock(text);
    default:
      return new Error(text);
  }
}
