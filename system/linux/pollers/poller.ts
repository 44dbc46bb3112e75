/**
 * The three ways in which a Unix process waits for many descriptors at once, behind one interface:
 * `select.ts`, `poll.ts` and `epoll.ts` have the same functions in the same order, to be read side by
 * side. A poller tells which descriptors *are ready*; receiving and sending is the caller's work.
 *
 * | | what is watched | what a wait costs | descriptors |
 * | --- | --- | --- | --- |
 * | select(2) | two bit sets, given to the kernel by every wait | all numbers up to the highest | below 1,024 |
 * | poll(2) | an array, given to the kernel by every wait | all descriptors that are watched | any |
 * | epoll(7) | a tree that the kernel keeps | the descriptors that are ready | any |
 */

/** What a descriptor is watched for, and what it is ready for: bits. */
export const enum Interest {
  /** Nothing is reported, errors neither, until the interest changes. */
  None = 0,
  /** `recv`, `read` or `accept` would not block. */
  Read = 1,
  /** `send`, `write` would not block, or a connect has ended. */
  Write = 2,
  /**
   * Only reported, and only by an edge-triggered epoll: the peer's FIN is there. While it is not, a
   * `recv` that leaves room has received everything, and the next byte or FIN brings an event.
   */
  PeerEnd = 4,
}

/** Watches descriptors. It belongs to one thread. */
export interface Poller {
  readonly name: "select" | "poll" | "epoll";
  /** Descriptors it can watch are below this: 1,024 (FD_SETSIZE) for select, Infinity otherwise. */
  readonly fdLimit: number;
  /** The descriptor that it has itself, if it has one. */
  readonly instance?: number;

  /**
   * Begins to watch `fd`.
   *
   * @param interest {@linkcode Interest} bits
   * @returns 0, or -errno: EINVAL at {@linkcode fdLimit} and above, EEXIST if it is watched already,
   * and what the kernel refuses: EBADF, EPERM (a file), ENOMEM, ENOSPC
   */
  add(fd: number, interest: number): number;

  /**
   * Changes what `fd`, which was added, is watched for.
   *
   * @returns 0, or -errno: ENOENT if it was not added (epoll adds it)
   */
  change(fd: number, interest: number): number;

  /** Ends to watch `fd`. To be called before `fd` is closed, as its number is used again. */
  remove(fd: number): void;

  /**
   * Blocks until a descriptor is ready, or a signal came, which counts as none ready.
   *
   * @param timeoutMs the longest time to block; -1: for ever, 0: not at all
   * @returns how many descriptors are ready, or -errno: EBADF if one was closed while select watched
   * it, ENOMEM
   */
  wait(timeoutMs: number): number;

  /** The `i`-th descriptor that is ready. */
  fd(i: number): number;

  /**
   * What the `i`-th one is ready for: {@linkcode Interest} bits. An error or a hang-up counts as all
   * that it is watched for, and may count as more: the call then says what has happened.
   */
  events(i: number): number;

  /** Gives back what it holds in the kernel. The descriptors stay open. */
  close(): void;
}
