/**
 * The three ways in which a Unix process waits for many descriptors at once, behind one interface:
 * `select.ts`, `poll.ts` and `epoll.ts` have the same functions in the same order, to be read side
 * by side. A poller reports which descriptors *are ready*; the caller receives and sends.
 *
 * | | what is watched | what a wait costs | descriptors |
 * | --- | --- | --- | --- |
 * | select(2) | two bit sets, given to the kernel by every wait | all numbers up to the highest | below 1,024 |
 * | poll(2) | an array, given to the kernel by every wait | all descriptors that are watched | any |
 * | epoll(7) | a tree that the kernel keeps | the descriptors that are ready | any |
 */

/** What a descriptor is watched for, and what it is ready for: bits. */
export const enum Interest {
  /** Nothing is reported, not even errors, until the interest changes. */
  None = 0,
  /** `recv`, `read` or `accept` would not block. */
  Read = 1,
  /** `send`, `write` would not block, or a connect has ended. */
  Write = 2,
  /**
   * Never requested; an edge-triggered epoll reports it when the peer's FIN has arrived. Until
   * then, a `recv` that leaves room has received everything, and the next byte or FIN causes an
   * event.
   */
  PeerEnd = 4,
}

/** Watches descriptors. It belongs to one thread. */
export interface Poller {
  readonly name: "select" | "poll" | "epoll";
  /** Descriptors it can watch are below this: 1,024 (FD_SETSIZE) for select, Infinity otherwise. */
  readonly fdLimit: number;
  /** The poller's own descriptor, if it has one. */
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

  /** Stops watching `fd`. To be called before `fd` is closed, because its number may be reused. */
  remove(fd: number): void;

  /**
   * Blocks until a descriptor is ready, or a signal arrives, which counts as none ready.
   *
   * @param timeoutMs the longest time to block; -1: forever, 0: not at all
   * @returns how many descriptors are ready, or -errno: EBADF if one was closed while select watched
   * it, ENOMEM
   */
  wait(timeoutMs: number): number;

  /** The `i`-th descriptor that is ready. */
  fd(i: number): number;

  /**
   * What the `i`-th one is ready for: {@linkcode Interest} bits. An error or hang-up counts as
   * everything that it is watched for, and possibly more; the next call on it then returns the
   * error.
   */
  events(i: number): number;

  /** Releases its kernel resources. The watched descriptors stay open. */
  close(): void;
}
