/**
 * Wakes a loop that blocks in a system call: messages alone do not reach its thread.
 */
import { createEventFd, signalEventFd } from "../../../../system/linux/eventfd.ts";
import { close } from "../../../../system/linux/socket.ts";

/** Wakes a loop. Plain data that is sent to the loop's thread. */
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

/**
 * To be called when a message was sent to the thread: its loop does not block again until the
 * message is handled.
 */
export function wake({ fd, sent }: Waker): void {
  Atomics.add(sent, 0, 1);
  signalEventFd(fd);
}

/** Makes the thread check the memory that it shares; its loop may block again after that. */
export function ring({ fd }: Waker): void {
  signalEventFd(fd);
}

/** Closes the waker of a loop that has ended. */
export function closeWaker({ fd }: Waker): void {
  close(fd);
}
