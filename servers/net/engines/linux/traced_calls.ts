/** The C library with every call on a socket recorded, for traces. */
import { errnoName } from "../../../../system/linux/errno.ts";
import { Libc } from "../../../../system/linux/libc.ts";
import type { TracedCall } from "../../trace/tracer.ts";

/** How a call is shown: its socket and its arguments. */
interface Shape {
  name: string;
  /** The socket; absent for calls that wait for all sockets. */
  fd?: (args: number[], result: number) => number;
  detail: (args: number[]) => string;
}

const first = ([fd]: number[]) => fd;
const bytes = ([fd, , length, flags]: number[]) => `${fd}, …, ${length}, ${flags}`;

const CONTROLS: Record<number, string> = { 1: "ADD", 2: "DEL", 3: "MOD" };
const DIRECTIONS = ["SHUT_RD", "SHUT_WR", "SHUT_RDWR"];

/** By the names of `Libc.calls`. */
const SHAPES: Record<string, Shape> = {
  accept4: {
    name: "accept4(2)",
    fd: (_, result) => result,
    detail: ([listener]) => `${listener}, SOCK_NONBLOCK | SOCK_CLOEXEC`,
  },
  getpeername: { name: "getpeername(2)", fd: first, detail: ([fd]) => `${fd}` },
  setsockopt: {
    name: "setsockopt(2)",
    fd: first,
    detail: ([fd, level, option]) => `${fd}, ${level}, ${option}`,
  },
  recv: { name: "recv(2)", fd: first, detail: bytes },
  recvBytes: { name: "recv(2)", fd: first, detail: bytes },
  send: { name: "send(2)", fd: first, detail: bytes },
  sendBytes: { name: "send(2)", fd: first, detail: bytes },
  sendfile: {
    name: "sendfile(2)",
    fd: first,
    detail: ([fd, file, , length]) => `${fd}, ${file}, ${length}`,
  },
  shutdown: {
    name: "shutdown(2)",
    fd: first,
    detail: ([fd, how]) => `${fd}, ${DIRECTIONS[how]}`,
  },
  close: { name: "close(2)", fd: first, detail: ([fd]) => `${fd}` },
  epoll_ctl: {
    name: "epoll_ctl(2)",
    fd: (args) => args[2],
    detail: ([, operation, fd]) => `EPOLL_CTL_${CONTROLS[operation]}, ${fd}`,
  },
  epoll_wait: { name: "epoll_wait(2)", detail: ([, , , timeout]) => `timeout ${timeout}` },
  poll: { name: "poll(2)", detail: ([, count, timeout]) => `${count} entries, timeout ${timeout}` },
  select: { name: "select(2)", detail: ([end]) => `descriptors below ${end}` },
  io_uring_enter: {
    name: "io_uring_enter(2)",
    detail: ([, , submit, complete]) => `submit ${submit}, wait for ${complete}`,
  },
};

/** Wraps `system` so that `called` is called with each call that a trace shows. */
export function tracedLibc(system: Libc, called: (call: TracedCall) => void): Libc {
  system.loadAll();
  const calls = Object.entries(system.calls).map(([name, call]) => {
    const shape = SHAPES[name];
    if (shape === undefined || call === null) return [name, call];
    const make = call as unknown as (...args: number[]) => number;
    return [name, (...args: number[]) => {
      const startMs = performance.now();
      const value = make(...args);
      // Saved because the runtime makes calls of its own while this one is recorded.
      const errno = system.errno[0];
      called({
        kind: "call",
        name: shape.name,
        value,
        detail: shape.detail(args),
        ...(value < 0 && { error: errnoName(errno) }),
        fd: shape.fd?.(args, value),
        startMs,
        endMs: performance.now(),
      });
      system.errno[0] = errno;
      return value;
    }];
  });
  return new Libc(Object.fromEntries(calls), system.errno);
}
