/**
 * Numbers and byte layouts of io_uring (linux/io_uring.h), as far as ktcp uses them.
 *
 * ```
 * io_uring_sqe (words of 32 bits)             io_uring_cqe        io_uring_buf
 *  0  opcode u8, flags u8, ioprio u16          0  user_data low    0  address low
 *  1  fd                                       1  user_data high   1  address high
 *  2  offset, or second address (2 words)      2  result           2  length
 *  4  address (2 words)                        3  flags            3  id u16; in entry 0 behind
 *  6  length                                   4                      it the ring's tail, u16
 *  7  flags of the operation                                       4
 *  8  user_data (2 words)
 * 10  buffer group u16, personality u16
 * 11  file index, or input of splice
 * 12  (4 words, zero)
 * 16
 * ```
 */

/** Words of a `struct io_uring_sqe`. */
export const SQE_WORDS = 16;
/** Words of a `struct io_uring_cqe`. */
export const CQE_WORDS = 4;
/** Words of a `struct io_uring_buf`. */
export const BUF_WORDS = 4;

/** `IORING_OP_*`: what a submission entry asks for. */
export const enum Op {
  Nop = 0,
  PollAdd = 6,
  Accept = 13,
  AsyncCancel = 14,
  Close = 19,
  Read = 22,
  Send = 26,
  Recv = 27,
  Splice = 30,
  Shutdown = 34,
}

/** `IOSQE_*`: flags of a submission entry. */
export const enum EntryFlag {
  /** The descriptor is an index into the table of direct descriptors. */
  FixedFile = 1,
  /** The kernel takes a buffer from a group. */
  BufferSelect = 32,
  /** There is a completion only when it fails (Linux 5.17). */
  SkipSuccess = 64,
}

/** Multishot, in `ioprio` of an accept and of a receive. */
export const ACCEPT_MULTISHOT = 1;
export const RECV_MULTISHOT = 2;

/** In `ioprio` of a receive: wait for bytes instead of trying first. */
export const RECVSEND_POLL_FIRST = 1;

/** Multishot, in the length of a poll. */
export const POLL_ADD_MULTI = 1;

/** File index of an accept: any free one. */
export const FILE_INDEX_ALLOC = -1;

/** `IORING_ASYNC_CANCEL_*`: which operations are cancelled. */
export const enum Cancel {
  /** All that match, not only the first. */
  All = 1,
  /** Those of a descriptor, instead of those with a `user_data`. */
  Descriptor = 2,
  /** Every one. */
  Any = 4,
  /** The descriptor is a direct one. */
  FixedDescriptor = 8,
}

/** `IORING_CQE_F_*`: flags of a completion. */
export const enum CompletionFlag {
  /** The upper 16 bits are the id of the provided buffer that was filled. */
  Buffer = 1,
  /** The operation continues: more completions will follow. */
  More = 2,
  /** The socket has more bytes than the receive took. */
  SocketNonempty = 4,
}

/** The id of the provided buffer, in the flags of a completion with {@linkcode CompletionFlag.Buffer}. */
export function bufferId(flags: number): number {
  return flags >>> 16;
}

/** `IORING_SETUP_*`. */
export const enum Setup {
  /** The size of the completion queue is given. */
  CqSize = 1 << 3,
  /** Entries after a malformed one are submitted, too (Linux 5.18). */
  SubmitAll = 1 << 7,
  /** Only the thread that made the ring submits (6.0). */
  SingleIssuer = 1 << 12,
  /** Completions are posted only while that thread is in `io_uring_enter` (6.1). */
  DeferTaskrun = 1 << 13,
  /** There is no array of indices between the queue and its entries (6.6). */
  NoSqArray = 1 << 16,
}

/** `IORING_FEAT_MIN_TIMEOUT`: a wait has a time in which more than one completion may come (6.12). */
export const FEAT_MIN_TIMEOUT = 1 << 15;

/** Bytes of a `struct io_uring_params`, and where its fields are. */
export const PARAMS_BYTES = 120;
export const enum Params {
  SqEntries = 0,
  CqEntries = 4,
  Flags = 8,
  Features = 20,
  SqHead = 40,
  SqTail = 44,
  SqFlags = 56,
  SqArray = 64,
  CqHead = 80,
  CqTail = 84,
  CqCqes = 100,
}

/** Offsets for mmap(2) of a ring. */
export const OFF_SQ_RING = 0n;
export const OFF_SQES = 0x1000_0000n;

/** `IORING_SQ_CQ_OVERFLOW`: completions wait in the kernel, because the queue is full. */
export const SQ_CQ_OVERFLOW = 1 << 1;

/** `IORING_ENTER_*`. */
export const enum Enter {
  GetEvents = 1,
  /** The argument is a `struct io_uring_getevents_arg`. */
  ExtArg = 1 << 3,
  /** The ring is given by its index among the thread's registered rings. */
  RegisteredRing = 1 << 4,
}

/** `IORING_REGISTER_*`. */
export const enum Register {
  Files2 = 13,
  RingFds = 20,
  PbufRing = 22,
  UnregisterPbufRing = 23,
  SyncCancel = 24,
}

/** `IORING_RSRC_REGISTER_SPARSE`: a table without entries. */
export const RSRC_REGISTER_SPARSE = 1;

/** Numbers of the system calls, the same on all architectures. */
export const SYS_IO_URING_SETUP = 425;
export const SYS_IO_URING_ENTER = 426;
export const SYS_IO_URING_REGISTER = 427;
