/**
 * The operations of io_uring, one method for each. A method writes an entry into the submission
 * queue; `enter` submits it, and its completion carries the two words of `user_data` given here.
 * They identify the operation, for instance by the number and generation of a connection, as a
 * completion can belong to a connection that is gone.
 *
 * Memory is given as an offset in the memory that the ring was made with (memory outside of it by
 * the distance of its address, which may be negative), and is in use until the completion. Each
 * method returns 0, or -errno if the kernel accepts no operation now: EAGAIN when it is out of
 * memory, EBUSY when too many completions wait.
 */
import { SystemError } from "../libc.ts";
import { addressOf, highWord, lowWord } from "../memory.ts";
import { type Shutdown, SOCK_CLOEXEC, SOCK_NONBLOCK } from "../socket.ts";
import { Ring, type RingOptions } from "./ring.ts";
import {
  ACCEPT_MULTISHOT,
  Cancel,
  EntryFlag,
  FILE_INDEX_ALLOC,
  Op,
  POLL_ADD_MULTI,
  RECV_MULTISHOT,
  RECVSEND_POLL_FIRST,
  Register,
  RSRC_REGISTER_SPARSE,
} from "./structs.ts";

const POLLIN = 0x1;
const POLLOUT = 0x4;

export interface IoUringOptions extends RingOptions {
  /** The memory that operations use; it must not move, and must live as long as the ring. */
  memory: Uint8Array<ArrayBufferLike>;
  /**
   * Size of the table of direct descriptors; 0 (default): there is none. With one, connections are
   * not descriptors but indices of this table, and only this ring can use them. That saves the
   * lookup and reference counting of descriptors, 2 % of a small request.
   */
  directDescriptors?: number;
}

/** A ring and the operations of servers and clients. A "connection" is a result of `accept`. */
export class IoUring extends Ring {
  /** The memory that operations work on. */
  readonly memory: Uint8Array<ArrayBufferLike>;
  /** The address of offset 0 of the memory, in two words. */
  readonly #baseLow: number;
  readonly #baseHigh: number;
  /** Flag of entries that refer to a connection. */
  readonly #direct: EntryFlag.FixedFile | 0;

  /** @throws {SystemError} as {@linkcode Ring} does; EMFILE above `RLIMIT_NOFILE` direct descriptors */
  constructor({ memory, directDescriptors = 0, ...options }: IoUringOptions) {
    super(options);
    this.memory = memory;
    const base = addressOf(memory);
    this.#baseLow = lowWord(base);
    this.#baseHigh = highWord(base);
    this.#direct = directDescriptors > 0 ? EntryFlag.FixedFile : 0;
    if (directDescriptors > 0) this.#registerTable(directDescriptors);
  }

  /** Whether connections are indices of the ring's table instead of descriptors. */
  get isDirect(): boolean {
    return this.#direct !== 0;
  }

  /** The address of byte `offset` of the memory. */
  addressAt(offset: number): number {
    return this.#baseHigh * 2 ** 32 + this.#baseLow + offset;
  }

  /**
   * Accepts connections of a listener, a descriptor, until it fails or is cancelled. Each completion
   * has a connection or -errno as its result; without `More` it was the last.
   *
   * ENFILE: the table of direct descriptors is full; EMFILE and others as {@linkcode accept} says.
   */
  acceptMultishot(listener: number, low: number, high: number): number {
    const at = this.#write(Op.Accept, 0, listener, low, high);
    if (at < 0) return at;
    this.words[at] |= ACCEPT_MULTISHOT << 16;
    // A direct descriptor cannot be inherited, so that it takes no SOCK_CLOEXEC.
    this.words[at + 7] = this.isDirect ? SOCK_NONBLOCK : SOCK_NONBLOCK | SOCK_CLOEXEC;
    if (this.isDirect) this.words[at + 11] = FILE_INDEX_ALLOC;
    return 0;
  }

  /**
   * Receives into memory, once: recv(2). The result is how many bytes, 0 when the peer has sent its
   * FIN, or -errno.
   *
   * @param waitsFirst skips the first attempt, which would fail if nothing has arrived yet
   */
  recv(
    connection: number,
    offset: number,
    capacity: number,
    low: number,
    high: number,
    waitsFirst = false,
  ): number {
    const at = this.#write(Op.Recv, this.#direct, connection, low, high);
    if (at < 0) return at;
    if (waitsFirst) this.words[at] |= RECVSEND_POLL_FIRST << 16;
    this.#setAddress(at, offset);
    this.words[at + 6] = capacity;
    return 0;
  }

  /**
   * Receives into buffers of a group, a `BufferRing`, until it fails, the peer sends its FIN, or it
   * is cancelled. Each completion with bytes has a buffer, which the caller gives back; without
   * `More` it was the last. ENOBUFS: no buffer was left, and bytes may wait; call it again after
   * returning one.
   */
  recvMultishot(connection: number, group: number, low: number, high: number): number {
    const flags = this.#direct | EntryFlag.BufferSelect;
    const at = this.#write(Op.Recv, flags, connection, low, high);
    if (at < 0) return at;
    this.words[at] |= RECV_MULTISHOT << 16;
    this.words[at + 10] = group;
    return 0;
  }

  /**
   * Sends memory: send(2). The result is how many bytes were taken, or -errno.
   *
   * @param flags MSG_DONTWAIT: it ends at once, with EAGAIN when there is no room; MSG_WAITALL: it
   * waits until all were taken, or it fails, so that the result is less than `count` only after an
   * error in between
   * @param isSilent there is no completion, unless it fails or, with MSG_WAITALL, takes less
   */
  send(
    connection: number,
    offset: number,
    count: number,
    low: number,
    high: number,
    flags = 0,
    isSilent = false,
  ): number {
    const entryFlags = this.#direct | (isSilent ? EntryFlag.SkipSuccess : 0);
    const at = this.#write(Op.Send, entryFlags, connection, low, high);
    if (at < 0) return at;
    this.#setAddress(at, offset);
    this.words[at + 6] = count;
    this.words[at + 7] = flags;
    return 0;
  }

  /**
   * Reads a file, a descriptor, at `position` (bytes below 2^53) into memory: pread(2).
   */
  read(
    fd: number,
    position: number,
    offset: number,
    capacity: number,
    low: number,
    high: number,
  ): number {
    const at = this.#write(Op.Read, 0, fd, low, high);
    if (at < 0) return at;
    this.#setAddress(at, offset);
    this.#setPair(at + 2, position);
    this.words[at + 6] = capacity;
    return 0;
  }

  /**
   * Moves bytes of a file at `position` into a pipe, both descriptors, without a copy through user
   * space: splice(2). Followed by {@linkcode spliceToConnection}, it does what sendfile(2) does.
   * The kernel runs each splice on a worker thread.
   */
  spliceToPipe(
    file: number,
    position: number,
    pipe: number,
    count: number,
    low: number,
    high: number,
  ): number {
    const at = this.#write(Op.Splice, 0, pipe, low, high);
    if (at < 0) return at;
    this.words[at + 2] = this.words[at + 3] = NO_OFFSET;
    this.#setPair(at + 4, position);
    this.words[at + 6] = count;
    this.words[at + 11] = file;
    return 0;
  }

  /** Moves bytes of a pipe to a connection: splice(2). */
  spliceToConnection(
    pipe: number,
    connection: number,
    count: number,
    low: number,
    high: number,
  ): number {
    const at = this.#write(Op.Splice, this.#direct, connection, low, high);
    if (at < 0) return at;
    this.words[at + 2] = this.words[at + 3] = NO_OFFSET;
    this.words[at + 4] = this.words[at + 5] = NO_OFFSET;
    this.words[at + 6] = count;
    this.words[at + 11] = pipe;
    return 0;
  }

  /**
   * Ends one or both directions: shutdown(2). A pending receive completes when its direction ends.
   */
  shutdown(connection: number, how: Shutdown, low: number, high: number): number {
    const at = this.#write(Op.Shutdown, this.#direct, connection, low, high);
    if (at < 0) return at;
    this.words[at + 6] = how;
    return 0;
  }

  /**
   * Closes a connection: close(2). Operations that are in flight keep the socket open: cancel them,
   * and wait for their completions, first.
   */
  closeConnection(connection: number, low: number, high: number): number {
    const at = this.#write(Op.Close, 0, this.isDirect ? 0 : connection, low, high);
    if (at < 0) return at;
    // 0 stands for a descriptor here, so that indices begin at 1.
    if (this.isDirect) this.words[at + 11] = connection + 1;
    return 0;
  }

  /**
   * Cancels the operations with this `user_data`. They complete with ECANCELED. The result of the
   * cancelling itself is how many there were; EALREADY when one is already running and will
   * complete normally.
   */
  cancel(userLow: number, userHigh: number, low: number, high: number): number {
    const at = this.#write(Op.AsyncCancel, 0, -1, low, high);
    if (at < 0) return at;
    this.words[at + 4] = userLow;
    this.words[at + 5] = userHigh;
    this.words[at + 7] = Cancel.All;
    return 0;
  }

  /** Cancels all operations of a connection; see {@linkcode cancel}. */
  cancelConnection(connection: number, low: number, high: number): number {
    const at = this.#write(Op.AsyncCancel, 0, connection, low, high);
    if (at < 0) return at;
    this.words[at + 7] = Cancel.All | Cancel.Descriptor |
      (this.isDirect ? Cancel.FixedDescriptor : 0);
    return 0;
  }

  /**
   * Completes each time a descriptor, such as an eventfd, becomes readable, until it fails or is
   * cancelled; a completion without `More` is the last.
   */
  pollReadable(fd: number, low: number, high: number): number {
    const at = this.#write(Op.PollAdd, 0, fd, low, high);
    if (at < 0) return at;
    this.words[at + 6] = POLL_ADD_MULTI;
    this.words[at + 7] = POLLIN;
    return 0;
  }

  /** Completes once, when there is room to send on a connection. */
  pollWritable(connection: number, low: number, high: number): number {
    const at = this.#write(Op.PollAdd, this.#direct, connection, low, high);
    if (at < 0) return at;
    this.words[at + 7] = POLLOUT;
    return 0;
  }

  /** Does nothing, and completes. */
  nop(low: number, high: number): number {
    return Math.min(0, this.#write(Op.Nop, 0, -1, low, high));
  }

  /** Writes an entry with all words but those of its operation 0. @returns its place, or -errno */
  #write(op: Op, flags: number, fd: number, low: number, high: number): number {
    const at = this.entry();
    if (at < 0) return at;
    const { words } = this;
    words[at] = op | flags << 8;
    words[at + 1] = fd;
    words[at + 2] = 0;
    words[at + 3] = 0;
    words[at + 4] = 0;
    words[at + 5] = 0;
    words[at + 6] = 0;
    words[at + 7] = 0;
    words[at + 8] = low;
    words[at + 9] = high;
    words[at + 10] = 0;
    words[at + 11] = 0;
    // Words 12 to 15 are 0 from the start: no operation here writes them.
    return at;
  }

  /** Writes the address of byte `offset` of the memory. */
  #setAddress(at: number, offset: number): void {
    const low = this.#baseLow + offset;
    this.words[at + 4] = low;
    this.words[at + 5] = this.#baseHigh + Math.floor(low / 2 ** 32);
  }

  /** Writes a number up to 2^53 into two words. */
  #setPair(at: number, value: number): void {
    this.words[at] = lowWord(value);
    this.words[at + 1] = highWord(value);
  }

  /** Registers a table of direct descriptors without entries. */
  #registerTable(size: number): void {
    const argument = new Int32Array(new ArrayBuffer(32));
    argument[0] = size;
    argument[1] = RSRC_REGISTER_SPARSE;
    const result = this.register(Register.Files2, argument, 32);
    if (result >= 0) return;
    this.close();
    throw new SystemError("io_uring_register(IORING_REGISTER_FILES2)", -result);
  }
}

/** Each word of the offset -1, of splice(2): a pipe has no positions. */
const NO_OFFSET = -1;
