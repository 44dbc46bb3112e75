/**
 * The C library, reached over FFI: the only `Deno.dlopen` in ktcp.
 *
 * Nothing is loaded when this module is imported; the first call of {@linkcode libc} does it. A new
 * system call is a row in `SYMBOLS` and a method in `Libc`. Two rules for both:
 *
 * - Every call is synchronous, and buffers are passed as `"buffer"`: Deno keeps such an argument
 *   alive and in place for the length of the call. A structure that holds a *pointer* (an iovec, a
 *   msghdr) would need its target kept reachable from JavaScript by hand; so far none does.
 * - `errno` belongs to the thread, and the runtime makes system calls of its own on it: it is read
 *   right after the failed call, before anything else.
 */
import { constants } from "node:os";

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  signal: { parameters: ["i32", "usize"], result: "usize" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // musl has no symbol of this name any more.
  getdents64: { parameters: ["i32", "buffer", "usize"], result: "isize", optional: true },
  // Both glibc and musl export this one; `errno` itself is a macro around it.
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

const SIG_IGN = 1n;
const SHUT_RDWR = 2;
const SEEK_SET = 0;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/** The sonames of glibc and of musl, in the order in which they are tried. */
const SONAMES = ["libc.so.6", `libc.musl-${Deno.build.arch}.so.1`];

/** The C library cannot be loaded: no such file, or FFI is not permitted. */
export class LibcError extends Error {
  override name = "LibcError";
}

/** A system call failed: the message names the call and the errno. */
export class SystemError extends Error {
  override name = "SystemError";
  /** The symbolic errno, as `EPERM`; EOPNOTSUPP, which has ENOTSUP's number, is `ENOTSUP`. */
  readonly code: string;

  /**
   * @param call what was attempted, as `socket(AF_NETLINK)`
   * @param errno the positive error number
   */
  constructor(readonly call: string, readonly errno: number) {
    const code = errnoName(errno);
    super(`${call}: ${code}`);
    this.code = code;
  }
}

/** The symbolic name of a positive error number: 1 is `EPERM`; `errno 4095` for an unknown one. */
export function errnoName(errno: number): string {
  const names = Object.entries(constants.errno);
  return names.find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}

/** The calls that ktcp makes. Each throws {@linkcode SystemError} on failure. */
export class Libc {
  readonly #symbols: Library["symbols"];

  /** @param library libc, opened; it stays open as long as the process */
  constructor(library: Library) {
    this.#symbols = library.symbols;
  }

  /** socket(2). @returns a file descriptor, which the caller closes */
  socket(domain: number, type: number, protocol: number): number {
    return this.#check("socket", () => this.#symbols.socket(domain, type, protocol));
  }

  /** send(2) of the whole of `bytes`. @returns how many bytes were taken */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#check(
      "send",
      () => Number(this.#symbols.send(fd, bytes, BigInt(bytes.length), flags)),
    );
  }

  /** recv(2) into `buffer`. @returns how many bytes were received */
  recv(fd: number, buffer: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#check(
      "recv",
      () => Number(this.#symbols.recv(fd, buffer, BigInt(buffer.length), flags)),
    );
  }

  /** setsockopt(2); `value` is a structure or an int. */
  setsockopt(
    fd: number,
    option: { level: number; name: number; value: Uint8Array<ArrayBuffer> },
  ): void {
    const { level, name, value } = option;
    this.#check(
      "setsockopt",
      () => this.#symbols.setsockopt(fd, level, name, value, value.length),
    );
  }

  /** close(2). Its errors are ignored: Linux has released the descriptor in any case. */
  close(fd: number): void {
    this.#symbols.close(fd);
  }

  /** signal(2) with SIG_IGN: `signal` has no effect on this process any more. */
  ignoreSignal(signal: number): void {
    this.#symbols.signal(signal, SIG_IGN);
  }

  /** open(2), without creating anything. @returns a file descriptor, which the caller closes */
  open(path: string, flags: number): number {
    const name = new TextEncoder().encode(`${path}\0`);
    return this.#check("open", () => this.#symbols.open(name, flags));
  }

  // The calls from here on never throw: telling why one failed takes the permission for FFI, which
  // a server has given up when it makes them.

  /** shutdown(2) of both directions. @returns whether it was done */
  shutdown(fd: number): boolean {
    return this.#symbols.shutdown(fd, SHUT_RDWR) === 0;
  }

  /** getsockname(2) or getpeername(2) into `address`. @returns whether there is such an address */
  socketAddress(fd: number, end: "local" | "peer", address: Uint8Array<ArrayBuffer>): boolean {
    const length = new Uint8Array(new Uint32Array([address.length]).buffer);
    return end === "local"
      ? this.#symbols.getsockname(fd, address, length) === 0
      : this.#symbols.getpeername(fd, address, length) === 0;
  }

  /** Goes back to the first entry of a directory. */
  rewind(fd: number): void {
    this.#symbols.lseek(fd, 0n, SEEK_SET);
  }

  /** getdents64(2): the next entries of a directory. @returns bytes of them, 0 at the end */
  readEntries(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
    const read = this.#symbols.getdents64?.(fd, buffer, BigInt(buffer.length)) ?? 0n;
    return Math.max(0, Number(read));
  }

  /** Runs `attempt`, again after EINTR, and turns -1 into an exception. */
  #check(name: string, attempt: () => number): number {
    while (true) {
      const result = attempt();
      if (result >= 0) return result;
      const error = new SystemError(name, this.#errno());
      if (error.code !== "EINTR") throw error;
    }
  }

  #errno(): number {
    return new Deno.UnsafePointerView(this.#symbols.__errno_location()!).getInt32();
  }
}

let loaded: Libc | undefined;

/**
 * The C library, loaded on the first call.
 *
 * @throws {LibcError} if neither glibc nor musl can be opened
 */
export function libc(): Libc {
  return loaded ??= new Libc(open());
}

function open(): Library {
  // To try without permission would ask the user for it.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    throw new LibcError("Cannot load libc: FFI is not permitted (--allow-ffi)");
  }
  const reasons: string[] = [];
  for (const soname of SONAMES) {
    try {
      return Deno.dlopen(soname, SYMBOLS);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new LibcError(`Cannot load libc (tried ${SONAMES.join(", ")}): ${reasons.join("; ")}`);
}
