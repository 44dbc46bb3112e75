/**
 * The error numbers that engines tell apart, asm-generic/errno-base.h and errno.h: the same on every
 * architecture that Deno runs on. Calls return them negated.
 */
export const enum Errno {
  /** Not permitted; for epoll: a file, which is always ready. */
  EPERM = 1,
  /** No such file; also: nothing to cancel, no such entry. */
  ENOENT = 2,
  /** A signal came before anything was done. */
  EINTR = 4,
  /** The disk, or what it stands for, has failed. */
  EIO = 5,
  EBADF = 9,
  /** It would block: nothing to receive, no room to send, nobody to accept. */
  EAGAIN = 11,
  ENOMEM = 12,
  EBUSY = 16,
  EEXIST = 17,
  EINVAL = 22,
  /** The machine is out of file descriptors. */
  ENFILE = 23,
  /** The process is out of file descriptors. */
  EMFILE = 24,
  /** The peer has closed, and this end is sent to (with MSG_NOSIGNAL there is no SIGPIPE). */
  EPIPE = 32,
  ENOSYS = 38,
  /** A timeout of io_uring is over. */
  ETIME = 62,
  EPROTO = 71,
  EOPNOTSUPP = 95,
  EADDRINUSE = 98,
  /** The peer closed a connection before it was accepted. */
  ECONNABORTED = 103,
  ECONNRESET = 104,
  /** No memory for it in the kernel; for io_uring: no provided buffer is left. */
  ENOBUFS = 105,
  /** The socket is connected already. */
  EISCONN = 106,
  ENOTCONN = 107,
  ETIMEDOUT = 110,
  ECONNREFUSED = 111,
  /** Too late to cancel it; for a connect: it is under way. */
  EALREADY = 114,
  EINPROGRESS = 115,
  /** The operation was cancelled. */
  ECANCELED = 125,
}
