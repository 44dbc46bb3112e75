/**
 * eventfd(2): a counter in the kernel, by which one thread wakes another from a system call that
 * waits for descriptors.
 */
import { Errno } from "./errno.ts";
import { libc } from "./libc.ts";

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;

const one = new Uint8Array(new BigUint64Array([1n]).buffer);
const counter = new BigUint64Array(1);
const counterBytes = new Uint8Array(counter.buffer);

/** Creates a non-blocking counter at 0, which the caller closes. @throws {SystemError} */
export function createEventFd(): number {
  const system = libc();
  return system.check("eventfd", system.calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/**
 * Adds 1: the descriptor becomes readable. @returns 0, or -errno: EAGAIN when it is at its maximum
 */
export function signalEventFd(fd: number): number {
  const system = libc();
  return Math.min(0, system.result(system.calls.write(fd, one, 8)));
}

/** Sets it to 0. @returns how often it was signalled, 0 for not at all, or -errno: EBADF */
export function drainEventFd(fd: number): number {
  const system = libc();
  const result = system.result(system.calls.read(fd, counterBytes, 8));
  if (result === -Errno.EAGAIN) return 0;
  return result < 0 ? result : Number(counter[0]);
}
