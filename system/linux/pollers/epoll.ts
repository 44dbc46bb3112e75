/**
 * epoll(7), from Linux 2.6 (2003). The kernel keeps what is watched, and a list of descriptors that
 * have become ready: a wait returns that list, and its cost does not depend on how many descriptors
 * are idle. In return each change of interest is a system call.
 *
 * Level-triggered, a descriptor is reported by each wait as long as it is ready. Edge-triggered, it
 * is reported once when something has arrived: the caller has to receive and send until EAGAIN, but
 * need not change the interest.
 */
import { Errno } from "../errno.ts";
import { type Libc, libc } from "../libc.ts";
import { type Pointer, pointerOf } from "../memory.ts";
import { Interest, type Poller } from "./poller.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

const EPOLLIN = 0x1;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLEXCLUSIVE = 1 << 28;
const EPOLLONESHOT = 1 << 30;
const EPOLLET = 1 << 31;

/**
 * Words of a `struct epoll_event`: `u32 events`, `u64 data`. It is packed on x86-64, so that 32-bit
 * programs have the same layout; elsewhere `data` is aligned.
 */
export const EVENT_WORDS = Deno.build.arch === "x86_64" ? 3 : 4;
const DATA_WORD = EVENT_WORDS - 2;

/** Number of epoll_pwait2(2), the same on all architectures (Linux 5.11). */
const SYS_EPOLL_PWAIT2 = 441;

/** Most descriptors that a wait reports; the others come first in the next one. */
const MAX_EVENTS = 512;

export interface EpollOptions {
  /** Whether a descriptor is reported as long as it is ready, or when it becomes so. */
  trigger: "level" | "edge";
  /** A reported descriptor is silent until `change`, so that it can be passed to another thread. */
  oneShot?: boolean;
  /**
   * EPOLLEXCLUSIVE (Linux 4.5): of several instances that watch the same descriptor, an event wakes
   * one, or a few, instead of all. The interest in a descriptor cannot be changed then.
   */
  isExclusive?: boolean;
  /**
   * The {@linkcode EpollPoller.instance} of a poller on another thread, to share with it: each
   * thread can change what is watched, and an event goes to one of the waiting threads. Default: a
   * new one.
   */
  instance?: number;
}

export class EpollPoller implements Poller {
  readonly name = "epoll";
  readonly fdLimit = Infinity;
  readonly #libc: Libc = libc();
  /** The descriptor of the epoll instance. */
  readonly instance: number;
  /** Whether it is closed with this poller. */
  readonly #isOwner: boolean;
  /** Bits that go with every interest. */
  readonly #mode: number;
  /** The event that `epoll_ctl` is given. */
  readonly #control = new Int32Array(EVENT_WORDS);
  readonly #controlPointer: Pointer = pointerOf(this.#control);
  /** The events of the last wait. */
  readonly #events = new Int32Array(MAX_EVENTS * EVENT_WORDS);
  readonly #eventsPointer: Pointer = pointerOf(this.#events);
  /** A `struct timespec`: seconds and nanoseconds, 64 bits each. */
  readonly #timespec = new Uint32Array(4);
  readonly #timespecPointer: Pointer = pointerOf(this.#timespec);
  #hasPwait2 = true;

  /** @throws {SystemError} EMFILE, ENFILE, ENOMEM */
  constructor({ trigger, oneShot = false, isExclusive = false, instance }: EpollOptions) {
    // EPOLLEXCLUSIVE goes with EPOLLET, but not with EPOLLRDHUP.
    const edge = isExclusive ? EPOLLET : EPOLLET | EPOLLRDHUP;
    this.#mode = (trigger === "edge" ? edge : 0) | (oneShot ? EPOLLONESHOT : 0) |
      (isExclusive ? EPOLLEXCLUSIVE : 0);
    this.#isOwner = instance === undefined;
    this.instance = instance ??
      this.#libc.check("epoll_create1", this.#libc.calls.epoll_create1(EPOLL_CLOEXEC));
  }

  add(fd: number, interest: number): number {
    // With an empty interest the kernel would still report errors, so such a descriptor is not
    // added.
    return interest === Interest.None ? 0 : this.#ctl(EPOLL_CTL_ADD, fd, interest);
  }

  change(fd: number, interest: number): number {
    if (interest === Interest.None) {
      this.remove(fd);
      return 0;
    }
    const result = this.#ctl(EPOLL_CTL_MOD, fd, interest);
    return result === -Errno.ENOENT ? this.#ctl(EPOLL_CTL_ADD, fd, interest) : result;
  }

  remove(fd: number): void {
    this.#ctl(EPOLL_CTL_DEL, fd, Interest.None);
  }

  /**
   * Sets the interest in `fd`, which must be watched, and has it reported again if it is ready,
   * even if it was reported before.
   *
   * @returns 0, or -errno: ENOENT when it is not watched, EBADF when it is closed
   */
  rearm(fd: number, interest: number): number {
    return this.#ctl(EPOLL_CTL_MOD, fd, interest);
  }

  /** @param most most descriptors to report; others are left to other threads */
  wait(timeoutMs: number, most = MAX_EVENTS): number {
    const result = this.#libc.result(
      this.#libc.calls.epoll_wait(this.instance, this.#eventsPointer, most, timeoutMs),
    );
    return result === -Errno.EINTR ? 0 : result;
  }

  /**
   * Like {@linkcode wait}, but with a fractional time: precise to the nanosecond, or rounded down
   * to milliseconds before Linux 5.11.
   */
  waitPrecisely(timeoutMs: number): number {
    if (!this.#hasPwait2) return this.wait(Math.floor(timeoutMs));
    this.#timespec[0] = timeoutMs / 1000;
    this.#timespec[2] = timeoutMs % 1000 * 1_000_000;
    const result = this.#libc.result(this.#libc.calls.epoll_pwait2(
      SYS_EPOLL_PWAIT2,
      this.instance,
      this.#eventsPointer,
      MAX_EVENTS,
      this.#timespecPointer,
      null,
      0n,
    ));
    if (result === -Errno.ENOSYS) {
      this.#hasPwait2 = false;
      return this.waitPrecisely(timeoutMs);
    }
    return result === -Errno.EINTR ? 0 : result;
  }

  fd(i: number): number {
    return this.#events[i * EVENT_WORDS + DATA_WORD];
  }

  events(i: number): number {
    const happened = this.#events[i * EVENT_WORDS];
    const peerEnd = (happened & EPOLLRDHUP) !== 0 ? Interest.PeerEnd : 0;
    if ((happened & (EPOLLERR | EPOLLHUP)) !== 0) return Interest.Read | Interest.Write | peerEnd;
    return ((happened & EPOLLIN) !== 0 ? Interest.Read : 0) |
      ((happened & EPOLLOUT) !== 0 ? Interest.Write : 0) | peerEnd;
  }

  close(): void {
    if (this.#isOwner) this.#libc.close(this.instance);
  }

  /** epoll_ctl(2). @returns 0, or -errno */
  #ctl(operation: number, fd: number, interest: number): number {
    this.#control[0] = ((interest & Interest.Read) !== 0 ? EPOLLIN : 0) |
      ((interest & Interest.Write) !== 0 ? EPOLLOUT : 0) | this.#mode;
    this.#control[DATA_WORD] = fd;
    return this.#libc.result(
      this.#libc.calls.epoll_ctl(this.instance, operation, fd, this.#controlPointer),
    );
  }
}
