/**
 * Sockets as file descriptors. All are close-on-exec, and non-blocking unless a function says
 * otherwise.
 *
 * Functions that open a socket throw {@linkcode SystemError}. Those that are called for every
 * connection or message return `-errno`, a negative number, when they fail.
 */
import { formatHostPort } from "../address.ts";
import { Errno } from "./errno.ts";
import { libc, SystemError } from "./libc.ts";
import { type Pointer, pointerOf } from "./memory.ts";
import {
  AF_INET6,
  AF_UNIX,
  decodeHost,
  decodePort,
  decodeUnixPath,
  encodeAbstractAddress,
  encodeTcpAddress,
  encodeUnixAddress,
  SOCKADDR_BYTES,
} from "./sockaddr.ts";

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** Type bit of a socket: calls return -EAGAIN instead of blocking. */
export const SOCK_NONBLOCK = 0o4000;
/** Type bit of a socket: child processes do not inherit it. */
export const SOCK_CLOEXEC = 0o2000000;

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_LINGER = 13;
const SO_REUSEPORT = 15;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_ACCEPTCONN = 30;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_CORK = 3;
const TCP_DEFER_ACCEPT = 9;
const TCP_INFO = 11;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const FD_CLOEXEC = 1;

const MSG_NOSIGNAL = 0x4000;
/**
 * Flag of {@linkcode recv} and {@linkcode send}: return -EAGAIN instead of blocking, for this call
 * only.
 */
export const MSG_DONTWAIT = 0x40;
/** Flag of {@linkcode recv}: leave the bytes in the socket. */
export const MSG_PEEK = 0x2;
/** Flag of {@linkcode send}: more follows at once, so do not send a partial segment yet. */
export const MSG_MORE = 0x8000;
/** Flag of {@linkcode recv}: wait for the whole length. With io_uring also a flag of `send`. */
export const MSG_WAITALL = 0x100;

/** What {@linkcode shutdown} ends. */
export const enum Shutdown {
  /** Receiving; the peer is not notified. */
  Read = 0,
  /** Sending; the peer receives a FIN after what was sent. */
  Write = 1,
  Both = 2,
}

/** Where a TCP socket listens. */
export interface TcpListenOptions {
  /** An IPv4 or IPv6 address, without brackets; names are not resolved. */
  hostname: string;
  /** 0: any free port. */
  port: number;
  /** Most connections that wait for accept(2); the kernel limits it to `somaxconn`. */
  backlog?: number;
  /**
   * SO_REUSEPORT, by which several sockets listen on one port and share its connections.
   *
   * - `"never"` (default): this socket listens alone.
   * - `"first"`: this one has to be the first, then others may follow. The option is set after
   *   bind(2), which therefore fails with EADDRINUSE if another process listens.
   * - `"further"`: others may listen already, if they have the option and the same owner.
   */
  reusePort?: "never" | "first" | "further";
  /** Whether an IPv6 socket refuses IPv4 connections; default: `net.ipv6.bindv6only`. */
  v6Only?: boolean;
  /** TCP_NODELAY, which accepted sockets inherit: no Nagle's algorithm. */
  noDelay?: boolean;
}

/** A listening TCP socket. */
export interface TcpListener {
  fd: number;
  /** The actual port, even if 0 was requested. */
  port: number;
  /** The address it is bound to, without the port, IPv6 without brackets. */
  hostname: string;
}

/** Default length of a listener's accept queue. */
export const DEFAULT_BACKLOG = 1024;

/** Words of `struct tcp_info` that are read; tcpi_data_segs_in and _out are the last ones. */
const TCP_INFO_WORDS = 40;
const DATA_SEGS_IN = 38;
const DATA_SEGS_OUT = 39;

/** A `struct linger`: on, 0 seconds. */
const LINGER_ZERO = new Uint8Array(new Int32Array([1, 0]).buffer);

// Arguments and results of calls, written right before a call and read right after it.
const word = new Int32Array(1);
const wordBytes = new Uint8Array(word.buffer);
const length = new Uint32Array(1);
const lengthBytes = new Uint8Array(length.buffer);
/** A `struct timeval`: seconds and microseconds, 64 bits each. */
const timeval = new Uint32Array(4);
const timevalBytes = new Uint8Array(timeval.buffer);
const sockaddr = new DataView(new ArrayBuffer(SOCKADDR_BYTES));
const sockaddrBytes = new Uint8Array(sockaddr.buffer);

/**
 * Listens for TCP: socket(2), bind(2), listen(2), with SO_REUSEADDR.
 *
 * @throws {TypeError} if `hostname` is not an IP address
 * @throws {SystemError} EADDRINUSE, EACCES, EADDRNOTAVAIL, EMFILE and others
 */
export function listenTcp(options: TcpListenOptions): TcpListener {
  const { hostname, port, backlog = DEFAULT_BACKLOG, reusePort = "never" } = options;
  const address = encodeTcpAddress(hostname, port);
  const family = address[0];
  const fd = openSocket(family);
  return orClose(fd, () => {
    require("SO_REUSEADDR", setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    if (options.noDelay) require("TCP_NODELAY", setNoDelay(fd, true));
    if (family === AF_INET6 && options.v6Only !== undefined) {
      const value = options.v6Only ? 1 : 0;
      require("IPV6_V6ONLY", setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, value));
    }
    if (reusePort === "further") require("SO_REUSEPORT", setReusePort(fd));
    bind(fd, address, formatHostPort(hostname, port));
    if (reusePort === "first") require("SO_REUSEPORT", setReusePort(fd));
    listen(fd, backlog);
    return { fd, ...localAddress(fd) };
  });
}

/**
 * Listens at a path of the file system that must not exist yet: socket(2), bind(2), listen(2).
 *
 * @returns the socket; closing it leaves the path
 * @throws {TypeError} if the path is too long
 * @throws {SystemError} EADDRINUSE if there is a file, EACCES, ENOENT and others
 */
export function listenUnix(path: string, backlog = DEFAULT_BACKLOG): number {
  const address = encodeUnixAddress(path);
  const fd = openSocket(AF_UNIX);
  return orClose(fd, () => {
    bind(fd, address, path);
    listen(fd, backlog);
    return fd;
  });
}

/**
 * Begins to connect to `hostname`, an IP address: connect(2). The socket becomes writable when
 * connecting has ended; {@linkcode socketError} tells how.
 *
 * @throws {TypeError} if `hostname` is not an IP address
 * @throws {SystemError} when it fails at once
 */
export function connectTcp(hostname: string, port: number): number {
  return connect(encodeTcpAddress(hostname, port), formatHostPort(hostname, port));
}

/**
 * Connects to a Unix socket, as {@linkcode connectTcp} to an address.
 *
 * @throws {SystemError} EAGAIN when the listener's backlog is full, and others
 */
export function connectUnix(path: string): number {
  return connect(encodeUnixAddress(path), path);
}

/**
 * Opens a socket and begins to connect it to an address of `sockaddr.ts`: socket(2), connect(2).
 * {@linkcode connectAgain} returns the progress.
 *
 * @returns the socket, or -errno if it could not be opened or connecting has failed already
 */
export function openConnection(address: Uint8Array<ArrayBuffer>): number {
  const { calls, errno } = libc();
  const fd = calls.socket(address[0], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno[0];
  if (calls.connect(fd, address, address.length) === 0) return fd;
  const why = errno[0];
  // After EINTR connecting continues, as after EINPROGRESS.
  if (why === Errno.EINPROGRESS || why === Errno.EINTR) return fd;
  calls.close(fd);
  return -why;
}

/**
 * The progress of connecting to `address`: calls connect(2) a second time. On loopback, connecting
 * has usually ended when the first call returns, although that call does not say so.
 *
 * @returns 0 if it is connected, -EALREADY while it is in progress, or the -errno of its failure
 */
export function connectAgain(fd: number, address: Uint8Array<ArrayBuffer>): number {
  const system = libc();
  const result = system.result(system.calls.connect(fd, address, address.length));
  return result === -Errno.EISCONN ? 0 : result;
}

function connect(address: Uint8Array<ArrayBuffer>, name: string): number {
  const system = libc();
  const fd = openSocket(address[0]);
  return orClose(fd, () => {
    const result = system.result(system.calls.connect(fd, address, address.length));
    // After EINTR connecting continues, as after EINPROGRESS.
    const isUnderWay = result === -Errno.EINPROGRESS || result === -Errno.EINTR;
    if (result < 0 && !isUnderWay) throw new SystemError(`connect(${name})`, -result);
    return fd;
  });
}

/**
 * Opens a datagram socket whose messages go to a Unix socket.
 *
 * @param path a path in the file system, or `@` and a name in the abstract namespace of Linux
 * @throws {TypeError} if it is too long
 * @throws {SystemError} ENOENT, ECONNREFUSED when no socket is bound there, EACCES and others
 */
export function connectDatagrams(path: string): number {
  const system = libc();
  const address = path.startsWith("@")
    ? encodeAbstractAddress(path.slice(1))
    : encodeUnixAddress(path);
  const fd = openSocket(AF_UNIX, SOCK_DGRAM);
  return orClose(fd, () => {
    system.check(`connect(${path})`, system.calls.connect(fd, address, address.length));
    return fd;
  });
}

function openSocket(family: number, type = SOCK_STREAM): number {
  return libc().socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

function bind(fd: number, address: Uint8Array<ArrayBuffer>, name: string): void {
  const system = libc();
  system.check(`bind(${name})`, system.calls.bind(fd, address, address.length));
}

function listen(fd: number, backlog: number): void {
  const system = libc();
  system.check("listen", system.calls.listen(fd, backlog));
}

/** @throws {SystemError} when setting `option` had the result `-errno` */
function require(option: string, result: number): void {
  if (result < 0) throw new SystemError(`setsockopt(${option})`, -result);
}

/** The result of `action`; closes `fd` when it throws. */
function orClose<T>(fd: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    close(fd);
    throw error;
  }
}

/**
 * The next connection of a listener: accept4(2).
 *
 * @returns its socket, non-blocking, or -errno: EAGAIN when there is none; ECONNABORTED and network
 * errors when a connection has failed meanwhile, after which there may be a next one; EMFILE,
 * ENFILE, ENOBUFS and ENOMEM while there are no resources for another. EINTR is retried.
 */
export function accept(listener: number): number {
  return acceptWith(listener, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/** As {@linkcode accept}, but the new socket blocks: `recv` waits for bytes, `send` for room. */
export function acceptBlocking(listener: number): number {
  return acceptWith(listener, SOCK_CLOEXEC);
}

function acceptWith(listener: number, flags: number): number {
  const system = libc();
  for (;;) {
    const fd = system.result(system.calls.accept4(listener, null, null, flags));
    if (fd !== -Errno.EINTR) return fd;
  }
}

/** The address that a socket is bound to: getsockname(2). @throws {SystemError} if it is closed */
export function localAddress(fd: number): { hostname: string; port: number } {
  const system = libc();
  length[0] = SOCKADDR_BYTES;
  system.check("getsockname", system.calls.getsockname(fd, sockaddrBytes, lengthBytes));
  return { hostname: decodeHost(sockaddr), port: decodePort(sockaddr) };
}

/**
 * The IP address of a connection's peer, as `127.0.0.1` or `::1`: getpeername(2).
 *
 * @returns an empty string for a Unix socket, and if the peer has gone already
 */
export function peerAddress(fd: number): string {
  length[0] = SOCKADDR_BYTES;
  if (libc().calls.getpeername(fd, sockaddrBytes, lengthBytes) < 0) return "";
  return decodeHost(sockaddr);
}

/**
 * Receives up to `capacity` bytes: recv(2).
 *
 * @returns how many, 0 when the peer has sent its FIN, or -errno: EAGAIN when there is nothing yet;
 * EINTR when a signal interrupted a blocking socket
 */
export function recv(fd: number, to: Pointer, capacity: number, flags: number): number {
  const system = libc();
  return system.result(system.calls.recv(fd, to, capacity, flags));
}

/**
 * Sends up to `count` bytes: send(2), without SIGPIPE.
 *
 * @returns how many were taken, or -errno: EAGAIN when there is no room, EPIPE or ECONNRESET when
 * the peer has gone; EINTR when a signal interrupted a blocking socket
 */
export function send(fd: number, from: Pointer, count: number, flags: number): number {
  const system = libc();
  return system.result(system.calls.send(fd, from, count, flags | MSG_NOSIGNAL));
}

/** Like {@linkcode send}, for bytes that need not be kept after the call. */
export function sendBytes(fd: number, bytes: Uint8Array, flags: number): number {
  const system = libc();
  const { sendBytes } = system.calls;
  // FFI also accepts views of shared memory, although its types do not say so.
  const view = bytes as Uint8Array<ArrayBuffer>;
  return system.result(sendBytes(fd, view, view.length, flags | MSG_NOSIGNAL));
}

/**
 * Ends one or both directions of a connection: shutdown(2). A thread that waits for it is woken.
 *
 * @returns 0, or -errno: ENOTCONN when the peer has gone
 */
export function shutdown(fd: number, how: Shutdown): number {
  const system = libc();
  return system.result(system.calls.shutdown(fd, how));
}

/** A listening stream socket, as found by {@linkcode inspectListener}. */
export interface Listener {
  /** As `127.0.0.1` or `::1`; of a Unix socket its path, `@name` in the abstract namespace. */
  hostname: string;
  /** 0 for a Unix socket. */
  port: number;
  isUnix: boolean;
}

/**
 * Examines a descriptor that another process has opened.
 *
 * @returns the listener, or a description of what it is instead, such as `a datagram socket`
 */
export function inspectListener(fd: number): Listener | string {
  const type = getOption(fd, SOL_SOCKET, SO_TYPE);
  if (type === -Errno.EBADF) return "not open";
  if (type < 0) return "no socket";
  if (type !== SOCK_STREAM) {
    return type === SOCK_DGRAM ? "a datagram socket" : `a socket of type ${type}`;
  }
  if (getOption(fd, SOL_SOCKET, SO_ACCEPTCONN) !== 1) {
    return peerAddressBytes(fd) > 0 ? "a connection" : "a socket that does not listen";
  }
  const { calls } = libc();
  length[0] = SOCKADDR_BYTES;
  calls.getsockname(fd, sockaddrBytes, lengthBytes);
  const family = sockaddr.getUint16(0, true);
  if (family === AF_UNIX) {
    return {
      hostname: decodeUnixPath(sockaddrBytes.subarray(0, length[0])),
      port: 0,
      isUnix: true,
    };
  }
  const hostname = decodeHost(sockaddr);
  if (hostname === "") return `a socket of address family ${family}`;
  return { hostname, port: decodePort(sockaddr), isUnix: false };
}

/** Length of the peer's address in bytes, or -errno if there is no peer. */
function peerAddressBytes(fd: number): number {
  const system = libc();
  length[0] = SOCKADDR_BYTES;
  const result = system.result(system.calls.getpeername(fd, sockaddrBytes, lengthBytes));
  return result < 0 ? result : length[0];
}

/** Duplicates `fd`, close-on-exec: fcntl(2). @throws {SystemError} EMFILE */
export function duplicate(fd: number): number {
  const system = libc();
  return system.check("fcntl(F_DUPFD_CLOEXEC)", system.calls.fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

/** FD_CLOEXEC: whether child processes do not inherit `fd`. @returns 0, or -errno */
export function setCloseOnExec(fd: number, isOn = true): number {
  const system = libc();
  return system.result(system.calls.fcntl(fd, F_SETFD, isOn ? FD_CLOEXEC : 0));
}

/**
 * O_NONBLOCK: calls return -EAGAIN instead of blocking. It applies to all descriptors of the same
 * socket, including those of other processes.
 *
 * @returns 0, or -errno
 */
export function setNonBlocking(fd: number): number {
  const system = libc();
  const flags = system.result(system.calls.fcntl(fd, F_GETFL, 0));
  if (flags < 0 || (flags & SOCK_NONBLOCK) !== 0) return Math.min(flags, 0);
  return system.result(system.calls.fcntl(fd, F_SETFL, flags | SOCK_NONBLOCK));
}

/** Closes a descriptor: close(2). It is closed in any case, even after an error. */
export function close(fd: number): void {
  libc().calls.close(fd);
}

/** Reads and clears the error of a socket, 0 for none: SO_ERROR of socket(7). */
export function socketError(fd: number): number {
  return Math.abs(getOption(fd, SOL_SOCKET, SO_ERROR));
}

/** The value of an option that is a non-negative whole number, or -errno. */
function getOption(fd: number, level: number, name: number): number {
  const system = libc();
  length[0] = 4;
  const result = system.result(system.calls.getsockopt(fd, level, name, wordBytes, lengthBytes));
  return result < 0 ? result : word[0];
}

/** Segments with data of one connection. */
export interface DataSegments {
  received: number;
  sent: number;
}

/**
 * Counts the segments with data that a TCP connection has received and sent: TCP_INFO of tcp(7).
 *
 * @throws {SystemError} ENOTSUP for a Unix socket, EBADF if it is closed
 */
export function dataSegments(fd: number): DataSegments {
  const system = libc();
  const info = new Uint32Array(TCP_INFO_WORDS);
  const bytes = new Uint8Array(info.buffer);
  length[0] = bytes.length;
  system.check(
    "getsockopt(TCP_INFO)",
    system.calls.getsockopt(fd, IPPROTO_TCP, TCP_INFO, bytes, lengthBytes),
  );
  return { received: info[DATA_SEGS_IN], sent: info[DATA_SEGS_OUT] };
}

// Options. Each returns 0 or -errno: EBADF, ENOTSOCK, ENOPROTOOPT (not a TCP socket).

function setOption(fd: number, level: number, name: number, value: number): number {
  const system = libc();
  word[0] = value;
  return system.result(system.calls.setsockopt(fd, level, name, wordBytes, 4));
}

/** TCP_NODELAY: whether small segments are sent at once (no Nagle's algorithm). */
export function setNoDelay(fd: number, isOn: boolean): number {
  return setOption(fd, IPPROTO_TCP, TCP_NODELAY, isOn ? 1 : 0);
}

/**
 * TCP_CORK: whether partial segments wait, for at most 200 ms. Setting it to false sends them.
 */
export function setCork(fd: number, isOn: boolean): number {
  return setOption(fd, IPPROTO_TCP, TCP_CORK, isOn ? 1 : 0);
}

/**
 * TCP_DEFER_ACCEPT of a listener: a handshake is complete only when the client's first data
 * arrives, not with its ACK alone. After about `seconds` the ACK is enough.
 */
export function setDeferAccept(fd: number, seconds: number): number {
  return setOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, seconds);
}

/** SO_REUSEPORT: other sockets of this user, with the option, may listen on the same port. */
export function setReusePort(fd: number): number {
  return setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/** SO_SNDBUF: bytes that may wait to be sent or acknowledged; the kernel doubles it. */
export function setSendBuffer(fd: number, bytes: number): number {
  return setOption(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

/** SO_RCVBUF: bytes that may wait to be received; the kernel doubles it. */
export function setReceiveBuffer(fd: number, bytes: number): number {
  return setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

/** A `struct pollfd` for each descriptor: `int fd`; `short events, revents`. */
const POLLIN = 1;

/** What {@linkcode waitUntilReady} waits for; an error or the peer's FIN counts as both. */
export const enum Readiness {
  Readable = 1,
  Writable = 4,
}

/**
 * Blocks this thread until `fd` is ready, for at most `timeoutMs`: poll(2). @returns whether it is
 */
export function waitUntilReady(fd: number, readiness: Readiness, timeoutMs: number): boolean {
  const entry = new Int32Array([fd, readiness]);
  const { calls } = libc();
  return calls.poll(pointerOf(entry), 1, timeoutMs) > 0 && entry[1] >>> 16 !== 0;
}

/**
 * Waits until one of `fds` is readable, on a thread of the runtime: poll(2). It costs 30 µs, and is
 * meant for threads that must not block and rarely wait.
 */
export async function untilReadable(...fds: number[]): Promise<void> {
  const entries = new Int32Array(fds.flatMap((fd) => [fd, POLLIN]));
  await libc().calls.pollAsync(pointerOf(entries), fds.length, -1);
  // Keeps the memory alive until here, as the call uses it.
  entries.fill(0);
}

/** SO_LINGER of 0 s: close(2) resets the connection, and unsent data is lost. */
export function setResetOnClose(fd: number): number {
  const system = libc();
  return system.result(
    system.calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, LINGER_ZERO, LINGER_ZERO.length),
  );
}

/**
 * SO_RCVTIMEO: how long a blocking {@linkcode recv} waits before it returns -EAGAIN; 0: forever.
 */
export function setReceiveTimeout(fd: number, timeoutMs: number): number {
  return setTimeoutOption(fd, SO_RCVTIMEO, timeoutMs);
}

/**
 * SO_SNDTIMEO: how long a blocking {@linkcode send} waits before it returns -EAGAIN; 0: forever.
 */
export function setSendTimeout(fd: number, timeoutMs: number): number {
  return setTimeoutOption(fd, SO_SNDTIMEO, timeoutMs);
}

function setTimeoutOption(fd: number, name: number, timeoutMs: number): number {
  const system = libc();
  timeval[0] = timeoutMs / 1000;
  timeval[2] = timeoutMs % 1000 * 1000;
  return system.result(
    system.calls.setsockopt(fd, SOL_SOCKET, name, timevalBytes, timevalBytes.length),
  );
}
