/**
 * The TCP sockets of this process, on any thread. They are found by their addresses, because the
 * runtime does not reveal its file descriptors.
 *
 * The C library is loaded when the object is made, so that its methods work after the permission
 * for FFI was given up.
 */
import { type Libc, libc, LibcError, SystemError } from "../linux/libc.ts";
import { NumberedDirectory } from "../linux/numbered_directory.ts";
import { decodeHost, decodePort } from "../linux/sockaddr.ts";
import { setReusePort } from "../linux/socket.ts";

/** Bytes of a `struct sockaddr_in6`; an IPv4 address takes less. */
const ADDRESS_BYTES = 28;

/** Where a program finds a random number, as a negative offset into a packet (linux/filter.h). */
const SKF_AD_RANDOM = -0x1000 + 56 >>> 0;

function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/** What it is made with, and what its methods need. */
const CALLS = [
  ...["open", "lseek", "getdents64", "getsockname", "getpeername"] as const,
  ...["setsockopt", "getsockopt", "shutdown"] as const,
];

/** How many connections wait to be accepted, and how many may wait. */
export interface AcceptQueue {
  length: number;
  limit: number;
}

/** The sockets of this process. */
export class OwnSockets {
  readonly #libc: Libc;
  /** `/proc/self/fd`, open. */
  readonly #directory: NumberedDirectory;
  readonly #address = new Uint8Array(ADDRESS_BYTES);
  readonly #addressView = new DataView(this.#address.buffer);

  /**
   * Four instructions of classic BPF, and their address, which cannot be obtained later without
   * permission.
   */
  readonly #program = new Uint8Array(32);
  readonly #programAddress = addressOf(this.#program);

  private constructor(system: Libc, directory: NumberedDirectory) {
    this.#libc = system;
    this.#directory = directory;
  }

  static #opened: OwnSockets | undefined;

  /** Loads what is needed, once. @returns undefined if FFI or `/proc` is not available */
  static open(): OwnSockets | undefined {
    try {
      const system = libc();
      system.load(CALLS);
      const directory = () => new NumberedDirectory(system, "/proc/self/fd");
      return OwnSockets.#opened ??= new OwnSockets(system, directory());
    } catch (error) {
      if (error instanceof LibcError || error instanceof SystemError) return undefined;
      throw error;
    }
  }

  /**
   * Ends connections in any state. A thread that waits for one to become readable or writable sees
   * the end, and the owner of the socket closes it.
   *
   * @param port the local port
   * @param peers `address:port` of each peer, IPv6 without brackets
   */
  shutdown(port: number, peers: ReadonlySet<string>): void {
    for (const fd of this.descriptors()) {
      const isWanted = this.#read(fd, "peer") && peers.has(this.#name()) &&
        this.#read(fd, "local") && this.#port() === port;
      if (isWanted) this.#libc.shutdown(fd);
    }
  }

  /**
   * Sets SO_REUSEPORT on a listening socket.
   *
   * @param address `address:port`, IPv6 without brackets
   * @throws {SystemError} when the system refuses
   */
  allowReusePort(address: string): void {
    for (const fd of this.descriptors()) {
      if (this.#read(fd, "peer") || !this.#read(fd, "local") || this.#name() !== address) continue;
      const result = setReusePort(fd);
      if (result < 0) throw new SystemError("setsockopt(SO_REUSEPORT)", -result);
    }
  }

  /**
   * The combined accept queues of the sockets that listen on `port`.
   *
   * @returns their sum; `undefined` if no socket listens there
   */
  acceptQueue(port: number): AcceptQueue | undefined {
    return this.acceptQueueOf(this.#listenersAt(port));
  }

  /** Like {@linkcode acceptQueue}, for the sockets of these descriptors. */
  acceptQueueOf(fds: Iterable<number>): AcceptQueue | undefined {
    let sum: AcceptQueue | undefined;
    for (const fd of fds) {
      const queue = this.#libc.acceptQueue(fd);
      if (queue === undefined) continue;
      sum = { length: queue.length + (sum?.length ?? 0), limit: queue.limit + (sum?.limit ?? 0) };
    }
    return sum;
  }

  /** How many sockets listen on `port`. */
  listening(port: number): number {
    return [...this.#listenersAt(port)].length;
  }

  /**
   * Steers new connections to some of the sockets that share `port`: `count` of them from `first`
   * on, in the order in which they began to listen.
   *
   * @throws {SystemError} when the system refuses
   */
  steer(port: number, { first, count }: { first: number; count: number }): void {
    const [fd] = this.#listenersAt(port);
    // Classic BPF: a random number modulo `count`, plus `first`.
    const words = new Uint32Array(this.#program.buffer);
    words.set([0x20, SKF_AD_RANDOM, 0x94, count, 0x04, first, 0x16, 0]);
    const result = this.#libc.steerReusePort(fd, this.#program, this.#programAddress);
    if (result < 0) throw new SystemError("setsockopt(SO_ATTACH_REUSEPORT_CBPF)", -result);
  }

  *#listenersAt(port: number): Generator<number> {
    for (const fd of this.descriptors()) {
      if (this.#read(fd, "peer") || !this.#read(fd, "local") || this.#port() !== port) continue;
      if (this.#libc.acceptQueue(fd) !== undefined) yield fd;
    }
  }

  /** The open file descriptors. */
  descriptors(): number[] {
    return this.#directory.numbers();
  }

  #read(fd: number, end: "local" | "peer"): boolean {
    this.#address.fill(0);
    return this.#libc.socketAddress(fd, end, this.#address);
  }

  #port(): number {
    return decodePort(this.#addressView);
  }

  /** The address that was last read, as `address:port`; empty if it is not a TCP address. */
  #name(): string {
    const host = decodeHost(this.#addressView);
    return host === "" ? "" : `${host}:${this.#port()}`;
  }
}
