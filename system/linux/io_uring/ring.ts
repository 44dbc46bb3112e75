/**
 * The two queues of io_uring(7), in memory that the process and the kernel share: a process writes
 * entries that ask for operations into the submission queue, and reads how they ended from the
 * completion queue. One system call, io_uring_enter(2), submits all that was written and waits.
 *
 * SINGLE_ISSUER and DEFER_TASKRUN (Linux 6.1) make this simple: the kernel touches the queues only
 * while the thread that made the ring is in `enter`. So plain loads and stores are enough, where
 * liburing needs memory barriers.
 *
 * ```
 * submission queue: entries from the kernel's head to our tail
 * completion queue: entries from our head to the kernel's tail
 * ```
 *
 * Heads and tails count up without end, modulo 2^32; the index of an entry is `count & mask`, as sizes
 * are powers of two.
 */
import { Errno } from "../errno.ts";
import { type Libc, libc, SystemError } from "../libc.ts";
import { addressOf, highWord, lowWord, type Pointer, pointerOf } from "../memory.ts";
import { Mapping } from "./mapping.ts";
import {
  Cancel,
  CQE_WORDS,
  Enter,
  FEAT_MIN_TIMEOUT,
  OFF_SQ_RING,
  OFF_SQES,
  Params,
  PARAMS_BYTES,
  Register,
  Setup,
  SQ_CQ_OVERFLOW,
  SQE_WORDS,
  SYS_IO_URING_ENTER,
  SYS_IO_URING_REGISTER,
  SYS_IO_URING_SETUP,
} from "./structs.ts";

/** Bytes of a `struct io_uring_getevents_arg`, the last argument of `enter`. */
const GETEVENTS_ARG_BYTES = 24n;

/** How long {@linkcode Ring.close} waits for operations to end, in seconds. */
const CLOSE_TIMEOUT_S = 1;

export interface RingOptions {
  /** Entries of the submission queue: a power of two up to 32,768. */
  entries: number;
  /** Entries of the completion queue: a power of two, at least as many. */
  completions: number;
}

const NOTHING = new Int32Array(0);

/**
 * A ring. It belongs to the thread that made it. Making it needs permission for FFI; using it does
 * not.
 */
export class Ring {
  /** The file descriptor. */
  readonly fd: number;
  /** Whether `enter` supports `minWaitUs` (Linux 6.12). */
  readonly hasMinWait: boolean;
  /** Whether the submission queue has no array of indices (Linux 6.6). */
  readonly hasNoSqArray: boolean;
  readonly #libc: Libc = libc();
  readonly #mappings: Mapping[] = [];
  /** The entries of the submission queue, written by {@linkcode entry}'s callers. */
  protected words: Int32Array = NOTHING;
  readonly #sqMask: number;
  /** Count of entries written, submitted or not. */
  #tail = 0;
  #sqHead: Int32Array = NOTHING;
  #sqTail: Int32Array = NOTHING;
  #sqFlags: Int32Array = NOTHING;
  #cqes: Int32Array = NOTHING;
  readonly #cqMask: number;
  /** Count of completions that were seen. */
  #head = 0;
  #cqHead: Int32Array = NOTHING;
  #cqTail: Int32Array = NOTHING;
  /** The first argument of `enter`, and the flag that goes with it. */
  #enterFd: number;
  #enterFlags: number = Enter.GetEvents | Enter.ExtArg;
  /** `sigmask u64, sigmask_sz u32, min_wait_usec u32, ts u64`. */
  readonly #argument = new Int32Array(new ArrayBuffer(Number(GETEVENTS_ARG_BYTES)));
  readonly #argumentPointer: Pointer = pointerOf(this.#argument);
  /** A `struct timespec`: seconds and nanoseconds, 64 bits each; and its address. */
  readonly #timespec = new Int32Array(new ArrayBuffer(16));
  readonly #timespecAddress = addressOf(this.#timespec);

  /**
   * @throws {SystemError} ENOSYS where the kernel has no io_uring, EPERM where it is forbidden, EINVAL
   * before Linux 6.1, ENOMEM, EMFILE
   */
  constructor({ entries, completions }: RingOptions) {
    const params = setUp(entries, completions);
    this.fd = params.fd;
    this.#enterFd = params.fd;
    try {
      const get = (at: Params) => params.view.getUint32(at, true);
      this.hasMinWait = (get(Params.Features) & FEAT_MIN_TIMEOUT) !== 0;
      const [sqEntries, cqEntries] = [get(Params.SqEntries), get(Params.CqEntries)];
      const cqBytes = cqEntries * CQE_WORDS * 4;
      const ringBytes = Math.max(get(Params.CqCqes) + cqBytes, get(Params.SqArray) + sqEntries * 4);
      const rings = this.#map(ringBytes, OFF_SQ_RING);
      const word = (at: Params) => new Int32Array(rings, get(at), 1);
      this.words = new Int32Array(this.#map(sqEntries * SQE_WORDS * 4, OFF_SQES));
      this.#sqMask = sqEntries - 1;
      this.#sqHead = word(Params.SqHead);
      this.#sqTail = word(Params.SqTail);
      this.#sqFlags = word(Params.SqFlags);
      this.#cqes = new Int32Array(rings, get(Params.CqCqes), cqEntries * CQE_WORDS);
      this.#cqMask = cqEntries - 1;
      this.#cqHead = word(Params.CqHead);
      this.#cqTail = word(Params.CqTail);
      this.hasNoSqArray = (get(Params.Flags) & Setup.NoSqArray) !== 0;
      if (!this.hasNoSqArray) {
        new Int32Array(rings, get(Params.SqArray), sqEntries).forEach((_, i, array) =>
          array[i] = i
        );
      }
      this.#registerItself();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether `enter` uses the ring's registered index (Linux 5.18, if memory allows). */
  get isRegistered(): boolean {
    return (this.#enterFlags & Enter.RegisteredRing) !== 0;
  }

  /**
   * Submits the written entries, and waits until completions can be read.
   *
   * @param count how many completions to wait for; 0: do not wait
   * @param timeoutMs the longest time to wait; -1: forever
   * @param minWaitUs how long to wait for all of `count`; after that, one is enough. Ignored
   * without {@linkcode hasMinWait}
   * @returns how many completions can be read, also 0 after the time or a signal; or -errno when there
   * is none to read: EBADR when the kernel had no memory to keep one; EAGAIN or EBUSY when it takes no
   * operation now, which stays in the queue
   */
  enter(count: number, timeoutMs: number, minWaitUs = 0): number {
    const argument = this.#argument;
    argument[3] = this.hasMinWait ? minWaitUs : 0;
    if (timeoutMs < 0) argument[4] = argument[5] = 0;
    else {
      this.#timespec[0] = timeoutMs / 1000;
      this.#timespec[2] = timeoutMs % 1000 * 1_000_000;
      argument[4] = lowWord(this.#timespecAddress);
      argument[5] = highWord(this.#timespecAddress);
    }
    const result = this.#enter(count, this.#enterFlags);
    const ready = this.#cqTail[0] - this.#head | 0;
    const isNoError = result >= 0 || result === -Errno.EINTR || result === -Errno.ETIME;
    return ready > 0 || isNoError ? ready : result;
  }

  // A completion of those that `enter` has returned; `i` counts from 0.

  /** The lower 32 bits of the operation's `user_data`, signed. */
  userLow(i: number): number {
    return this.#cqes[(this.#head + i & this.#cqMask) * CQE_WORDS];
  }

  /** The upper 32 bits of the operation's `user_data`, signed. */
  userHigh(i: number): number {
    return this.#cqes[(this.#head + i & this.#cqMask) * CQE_WORDS + 1];
  }

  /** What the operation's system call would return, or -errno. */
  result(i: number): number {
    return this.#cqes[(this.#head + i & this.#cqMask) * CQE_WORDS + 2];
  }

  /** {@linkcode CompletionFlag} bits. */
  flags(i: number): number {
    return this.#cqes[(this.#head + i & this.#cqMask) * CQE_WORDS + 3];
  }

  /** Frees the entries of the first `count` completions. */
  seen(count: number): void {
    this.#cqHead[0] = this.#head = this.#head + count | 0;
  }

  /** Entries that were written and not submitted. */
  get unsubmitted(): number {
    return this.#tail - this.#sqHead[0] | 0;
  }

  /** Whether completions wait in the kernel for room in the queue. `enter` fetches them. */
  get isOverflown(): boolean {
    return (this.#sqFlags[0] & SQ_CQ_OVERFLOW) !== 0;
  }

  /**
   * Cancels all operations, waits for them to end, and closes the ring. The completions are lost.
   *
   * Memory and descriptors of operations are in use until then.
   */
  close(): void {
    const argument = new Int32Array(new ArrayBuffer(64));
    argument[3] = Cancel.Any | Cancel.All;
    argument[4] = CLOSE_TIMEOUT_S;
    this.register(Register.SyncCancel, argument, 1);
    this.words = this.#cqes = NOTHING;
    this.#sqHead =
      this.#sqTail =
      this.#sqFlags =
      this.#cqHead =
      this.#cqTail =
        NOTHING;
    this.#libc.close(this.fd);
    for (const mapping of this.#mappings.splice(0)) mapping.unmap();
  }

  /** io_uring_register(2). @returns its result, or -errno */
  register(operation: Register, argument: Int32Array<ArrayBuffer>, count: number): number {
    return this.#libc.result(this.#libc.calls.io_uring_register(
      SYS_IO_URING_REGISTER,
      this.fd,
      operation,
      pointerOf(argument),
      count,
    ));
  }

  /**
   * The next entry of the submission queue. When the queue is full, it is submitted first.
   *
   * @returns the index of the entry's first word in `words`, which is to be written in full; or -errno
   * when the kernel takes none now
   */
  protected entry(): number {
    if (this.unsubmitted > this.#sqMask) {
      const result = this.#enter(0, this.#enterFlags & ~Enter.GetEvents);
      if (this.unsubmitted > this.#sqMask) return result < 0 ? result : -Errno.EAGAIN;
    }
    const index = this.#tail & this.#sqMask;
    this.#tail = this.#tail + 1 | 0;
    return index * SQE_WORDS;
  }

  /** io_uring_enter(2) with all written entries. */
  #enter(count: number, flags: number): number {
    this.#sqTail[0] = this.#tail;
    return this.#libc.result(this.#libc.calls.io_uring_enter(
      SYS_IO_URING_ENTER,
      this.#enterFd,
      this.unsubmitted,
      count,
      flags,
      this.#argumentPointer,
      GETEVENTS_ARG_BYTES,
    ));
  }

  #map(bytes: number, offset: bigint): ArrayBuffer {
    const mapping = new Mapping(bytes, { fd: this.fd, offset });
    this.#mappings.push(mapping);
    return mapping.buffer;
  }

  /** Registers the ring with this thread, which saves a look-up of the descriptor in `enter`. */
  #registerItself(): void {
    const ANY_INDEX = -1;
    const argument = new Int32Array(new ArrayBuffer(16));
    argument[0] = ANY_INDEX;
    argument[2] = this.fd;
    if (this.register(Register.RingFds, argument, 1) !== 1) return;
    this.#enterFd = argument[0];
    this.#enterFlags |= Enter.RegisteredRing;
  }
}

/** io_uring_setup(2), without NO_SQARRAY if the kernel does not support it. */
function setUp(entries: number, completions: number): { fd: number; view: DataView } {
  const system = libc();
  const REQUIRED = Setup.CqSize | Setup.SubmitAll | Setup.SingleIssuer | Setup.DeferTaskrun;
  for (const optional of [Setup.NoSqArray, 0]) {
    const view = new DataView(new ArrayBuffer(PARAMS_BYTES));
    view.setUint32(Params.CqEntries, completions, true);
    view.setUint32(Params.Flags, REQUIRED | optional, true);
    const fd = system.result(
      system.calls.io_uring_setup(SYS_IO_URING_SETUP, entries, pointerOf(view)),
    );
    if (fd >= 0) return { fd, view };
    if (fd !== -Errno.EINVAL || optional === 0) throw new SystemError("io_uring_setup", -fd);
  }
  throw new Error("unreachable");
}
