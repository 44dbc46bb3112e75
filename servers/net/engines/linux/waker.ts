/**
 * Wakes a loop that blocks in a system call: messages alone do not reach its thread.
 */
import { createEventFd, signalEventFd } from "../../../../system/linux/eventfd.ts";
import { close } from "../../../../system/linux/socket.ts";

/** A loop's bell. Plain data, which is sent to the loop's thread. */
export interface Waker {
  /** An eventfd. */
  fd: number;
  /** Messages that were sent to the thread. */
  sent: Int32Array<SharedArrayBuffer>;
}

/** Makes one. @throws {SystemError} when no descriptor is left */
export function createWaker(): Waker {
  return { fd: createEventFd(), sent: new Int32Array(new SharedArrayBuffer(4)) };
}

/** The thread has been sent a message: its loop comes out of the kernel until it is handled. */
export function wake({ fd, sent }: Waker): void {
  Atomics.add(sent, 0, 1);
  signalEventFd(fd);
}

/** The thread is to look at what it shares: its loop goes on waiting in the kernel behind that. */
export function ring({ fd }: Waker): void {
  signalEventFd(fd);
}

/** Its loop has ended. */
export function closeWaker({ fd }: Waker): void {
  close(fd);
}
