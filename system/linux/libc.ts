/**
 * The C library, reached over FFI: the only `Deno.dlopen` in ktcp.
 *
 * Nothing is loaded when this module is imported; the first call of {@linkcode libc} opens the library,
 * and a function is loaded when it is first asked for: all of them would take 7 ms of each start. A new
 * system call is a row in `SYMBOLS` and a function in the file of its subject. Rules for both:
 *
 * - Every call is synchronous and takes no structure by value. This makes it cost only 3 ns more
 *   than the call itself, because V8 compiles it to a direct C call.
 * - File descriptors, sizes, flags and results are 32 bits wide, also where C says `size_t` or
 *   `ssize_t`: the kernel transfers less than 2 GiB a call, and 64 bits would be BigInts. The seventh
 *   argument and later ones are passed on the stack, where they must be 64 bits wide.
 * - `"buffer"` keeps its argument alive and in place for the length of the call, and costs 5 ns more
 *   than `"pointer"`. A `"pointer"`, and an address in a structure, keep nothing alive: what they
 *   point to must stay reachable from JavaScript (see `memory.ts`).
 * - `errno` belongs to the thread, and the runtime makes system calls of its own on it: it is read
 *   right after the failed call, before anything else.
 * - All of it works after the permission for FFI was given up, if `Libc.loadAll` was called before.
 */
import { Errno, errnoName } from "./errno.ts";

const SYMBOLS = {
  // Sockets
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  send: { parameters: ["i32", "pointer", "u32", "i32"], result: "i32" },
  recvBytes: { name: "recv", parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  sendBytes: { name: "send", parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },

  // Files and other descriptors
  close: { parameters: ["i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  write: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  preadBytes: { name: "pread", parameters: ["i32", "buffer", "u32", "i64"], result: "i32" },
  pread: { parameters: ["i32", "pointer", "u32", "i64"], result: "i32" },
  sendfile: { parameters: ["i32", "i32", "buffer", "u32"], result: "i32" },
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  // struct stat differs between architectures, struct statx does not; musl has it since 1.2.5.
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32", optional: true },
  // musl no longer has a symbol of this name.
  getdents64: { parameters: ["i32", "buffer", "u32"], result: "i32", optional: true },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  timerfd_create: { parameters: ["i32", "i32"], result: "i32" },
  timerfd_settime: { parameters: ["i32", "i32", "pointer", "pointer"], result: "i32" },

  // Waiting for descriptors
  select: { parameters: ["i32", "pointer", "pointer", "pointer", "pointer"], result: "i32" },
  poll: { parameters: ["pointer", "u32", "i32"], result: "i32" },
  /** Runs on another thread, whose errno cannot be read; costs 30 µs. */
  pollAsync: {
    name: "poll",
    parameters: ["pointer", "u32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "pointer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "pointer", "i32", "i32"], result: "i32" },
  // musl has no function for it; the first argument is the call's number.
  epoll_pwait2: {
    name: "syscall",
    parameters: ["i32", "i32", "pointer", "i32", "pointer", "pointer", "u64"],
    result: "i32",
  },

  // io_uring, for which the C library has no functions: the first argument is the call's number.
  io_uring_setup: { name: "syscall", parameters: ["i32", "u32", "pointer"], result: "i32" },
  io_uring_enter: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "u32", "u32", "pointer", "u64"],
    result: "i32",
  },
  io_uring_register: {
    name: "syscall",
    parameters: ["i32", "i32", "u32", "pointer", "u32"],
    result: "i32",
  },

  // Memory. memcpy(3) of 0 bytes returns its first argument, in the declared type. This converts
  // between addresses and pointer objects, for which Deno.UnsafePointer would need permission.
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "i64" },
  munmap: { parameters: ["u64", "u64"], result: "i32" },
  addressOf: { name: "memcpy", parameters: ["buffer", "buffer", "u32"], result: "u64" },
  pointerOf: { name: "memcpy", parameters: ["buffer", "buffer", "u32"], result: "pointer" },
  pointerAt: { name: "memcpy", parameters: ["u64", "buffer", "u32"], result: "pointer" },

  unshare: { parameters: ["i32"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // Threads: before version 2.34, glibc had them in a library of its own.
  pthread_create: {
    parameters: ["buffer", "pointer", "pointer", "pointer"],
    result: "i32",
    optional: true,
  },
  pthread_join: { parameters: ["u64", "pointer"], result: "i32", optional: true },
  sem_init: { parameters: ["pointer", "i32", "u32"], result: "i32", optional: true },
  sem_post: { parameters: ["pointer"], result: "i32", optional: true },
  sem_wait: { parameters: ["pointer"], result: "i32", optional: true },
  dlsym: { parameters: ["pointer", "buffer"], result: "pointer", optional: true },

  signal: { parameters: ["i32", "usize"], result: "usize" },
  prctl: { parameters: ["i32", "usize"], result: "i32" },
  strerror: { parameters: ["i32"], result: "pointer" },
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

/**
 * The calls that ktcp makes. The methods are for calls that are not made often; they throw
 * {@linkcode SystemError} on failure. Those that are made for every message use `calls`.
 */
export class Libc {
  /** The functions of `SYMBOLS`, as C has them: -1 is a failure, `errno[0]` its reason. */
  readonly calls: Library["symbols"];
  /** One word, this thread's `errno`: the reason of the last failed call, a positive number. */
  readonly errno: Int32Array<ArrayBuffer>;

  /**
   * @param calls of a library that stays open as long as the process
   * @param errno where they leave their errors
   */
  constructor(calls: Library["symbols"], errno: Int32Array<ArrayBuffer>) {
    this.calls = calls;
    this.errno = errno;
  }

  /** The one whose functions are `calls`. */
  static of(calls: Library["symbols"]): Libc {
    const location = calls.__errno_location()!;
    return new Libc(calls, new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4)));
  }

  /** Loads functions, those that are not loaded yet: without the permission for FFI, none can be. */
  load(names: readonly (keyof typeof SYMBOLS)[]): void {
    for (const name of names) void this.calls[name];
  }

  /** Loads all functions. */
  loadAll(): void {
    this.load(Object.keys(SYMBOLS) as (keyof typeof SYMBOLS)[]);
  }

  /** `result` of a call that was just made, or `-errno` (a negative number) when it failed. */
  result(result: number): number {
    return result < 0 ? -this.errno[0] : result;
  }

  /**
   * `result` of the call that was just made.
   *
   * @param call what was attempted, as `bind(127.0.0.1:80)`
   * @throws {SystemError} when it failed
   */
  check(call: string, result: number): number {
    if (result < 0) throw new SystemError(call, this.errno[0]);
    return result;
  }

  /** socket(2). @returns a file descriptor, which the caller closes */
  socket(domain: number, type: number, protocol: number): number {
    return this.#retry("socket", () => this.calls.socket(domain, type, protocol));
  }

  /** send(2) of the whole of `bytes`. @returns how many bytes were taken */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#retry(
      "send",
      () => this.calls.sendBytes(fd, bytes, bytes.length, flags),
    );
  }

  /** recv(2) into `buffer`. @returns how many bytes were received */
  recv(fd: number, buffer: Uint8Array<ArrayBuffer>, flags: number): number {
    return this.#retry(
      "recv",
      () => this.calls.recvBytes(fd, buffer, buffer.length, flags),
    );
  }

  /** The message of strerror(3) for a positive error number. Needs permission for FFI. */
  describe(errno: number): string {
    return new Deno.UnsafePointerView(this.calls.strerror(errno)!).getCString();
  }

  /** close(2). Its errors are ignored: Linux releases the descriptor in any case. */
  close(fd: number): void {
    this.calls.close(fd);
  }

  /** signal(2) with SIG_IGN: `signal` has no effect on this process any more. */
  ignoreSignal(signal: number): void {
    this.calls.signal(signal, SIG_IGN);
  }

  /** open(2), without creating anything. @returns a file descriptor, which the caller closes */
  open(path: string, flags: number): number {
    const name = new TextEncoder().encode(`${path}\0`);
    return this.#retry("open", () => this.calls.open(name, flags));
  }

  // The methods from here on never throw, as their callers continue in any case.

  /** shutdown(2) of both directions. @returns whether it was done */
  shutdown(fd: number): boolean {
    return this.calls.shutdown(fd, SHUT_RDWR) === 0;
  }

  /** getsockname(2) or getpeername(2) into `address`. @returns whether there is such an address */
  socketAddress(fd: number, end: "local" | "peer", address: Uint8Array<ArrayBuffer>): boolean {
    const length = new Uint8Array(new Uint32Array([address.length]).buffer);
    return end === "local"
      ? this.calls.getsockname(fd, address, length) === 0
      : this.calls.getpeername(fd, address, length) === 0;
  }

  /**
   * Attaches a classic BPF program at `address` that chooses among the sockets that share the port
   * of `fd`.
   *
   * @returns 0, or `-errno`
   */
  steerReusePort(fd: number, program: Uint8Array<ArrayBuffer>, address: bigint): number {
    // struct sock_fprog: how many instructions, and where.
    const filter = new DataView(new ArrayBuffer(16));
    filter.setUint16(0, program.length / 8, true);
    filter.setBigUint64(8, address, true);
    const bytes = new Uint8Array(filter.buffer);
    const { setsockopt } = this.calls;
    return this.result(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, bytes, bytes.length));
  }

  /** The accept queue of the listening TCP socket `fd`; `undefined` if it is not one. */
  acceptQueue(fd: number): { length: number; limit: number } | undefined {
    // struct tcp_info of linux/tcp.h: of a listening socket, tcpi_unacked and tcpi_sacked.
    const info = new DataView(new ArrayBuffer(32));
    const length = new Uint8Array(new Uint32Array([info.byteLength]).buffer);
    const bytes = new Uint8Array(info.buffer);
    if (this.calls.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, length) !== 0) return undefined;
    if (info.getUint8(0) !== TCP_LISTEN) return undefined;
    return { length: info.getUint32(24, true), limit: info.getUint32(28, true) };
  }

  /** Rewinds a directory to its first entry. */
  rewind(fd: number): void {
    this.calls.lseek(fd, 0n, SEEK_SET);
  }

  /** getdents64(2): the next entries of a directory. @returns bytes of them, 0 at the end */
  readEntries(fd: number, buffer: Uint8Array<ArrayBuffer>): number {
    return Math.max(0, this.calls.getdents64?.(fd, buffer, buffer.length) ?? 0);
  }

  /** Runs `attempt`, repeats it after EINTR, and turns -1 into an exception. */
  #retry(name: string, attempt: () => number): number {
    while (true) {
      const result = attempt();
      if (result >= 0) return result;
      if (this.errno[0] !== Errno.EINTR) throw new SystemError(name, this.errno[0]);
    }
  }
}

const SOL_SOCKET = 1;
const SO_ATTACH_REUSEPORT_CBPF = 51;
const IPPROTO_TCP = 6;
const TCP_INFO = 11;
/** A state of a TCP socket. */
const TCP_LISTEN = 10;

let loaded: Libc | undefined;

/**
 * The C library, loaded on the first call.
 *
 * @throws {LibcError} if neither glibc nor musl can be opened
 */
export function libc(): Libc {
  return loaded ??= Libc.of(open());
}

/**
 * Directs all system calls to `replacement` from now on, for simulations. Existing objects keep the
 * library that they have.
 *
 * @returns the previous library, to be restored; `undefined` if none was loaded
 */
export function replaceLibc(replacement: Libc | undefined): Libc | undefined {
  const before = loaded;
  loaded = replacement;
  return before;
}

/**
 * Loads all functions of the library, if it is in use and may be: whoever gives up the permission for
 * FFI can go on making system calls after this.
 */
export function loadAllCalls(): void {
  if (loaded !== undefined && isPermitted()) loaded.loadAll();
}

function isPermitted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}

function open(): Library["symbols"] {
  // Trying without permission would prompt the user for it.
  if (!isPermitted()) {
    throw new LibcError("Cannot load libc: FFI is not permitted (--allow-ffi)");
  }
  const reasons: string[] = [];
  for (const soname of SONAMES) {
    try {
      return lazyCalls(soname);
    } catch (error) {
      reasons.push((error as Error).message);
    }
  }
  throw new LibcError(`Cannot load libc (tried ${SONAMES.join(", ")}): ${reasons.join("; ")}`);
}

/**
 * The functions of the library `soname`, each of which is loaded when it is first asked for. From then
 * on it is a property of its own, as fast as those of one library that has them all.
 *
 * @throws the runtime's error where there is no such library
 */
function lazyCalls(soname: string): Library["symbols"] {
  const unloaded = Object.entries(SYMBOLS).map(([name, symbol]): [string, PropertyDescriptor] => [
    name,
    {
      get(this: object) {
        const value = Deno.dlopen(soname, { [name]: symbol }).symbols[name];
        Object.defineProperty(this, name, { value, enumerable: true });
        return value;
      },
    },
  ]);
  const calls = Object.create(Object.defineProperties({}, Object.fromEntries(unloaded)));
  // Says whether there is such a library.
  void calls.__errno_location;
  return calls;
}
