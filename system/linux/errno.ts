/**
 * The error numbers of asm-generic/errno-base.h and errno.h: the same on every architecture that Deno
 * runs on. `node:os` has their names, too, but takes milliseconds of each thread's start.
 */

/** Those that engines tell apart. Calls return them negated. */
export const enum Errno {
  /** Not permitted; for epoll: a regular file, which is always ready. */
  EPERM = 1,
  /** No such file; also: nothing to cancel, no such entry. */
  ENOENT = 2,
  /** Interrupted by a signal before anything was done. */
  EINTR = 4,
  /** An I/O error, such as a failed disk. */
  EIO = 5,
  EBADF = 9,
  /** The call would block: nothing to receive, no room to send, no connection to accept. */
  EAGAIN = 11,
  ENOMEM = 12,
  EBUSY = 16,
  EEXIST = 17,
  EINVAL = 22,
  /** The machine is out of file descriptors. */
  ENFILE = 23,
  /** The process is out of file descriptors. */
  EMFILE = 24,
  /**
   * Sending on a connection that the peer has closed or reset (without SIGPIPE, thanks to
   * MSG_NOSIGNAL).
   */
  EPIPE = 32,
  ENOSYS = 38,
  /** A timeout of io_uring has expired. */
  ETIME = 62,
  EPROTO = 71,
  EOPNOTSUPP = 95,
  EADDRINUSE = 98,
  /** The peer closed a connection before it was accepted. */
  ECONNABORTED = 103,
  ECONNRESET = 104,
  /** The kernel has no buffer memory; for io_uring: no provided buffer is left. */
  ENOBUFS = 105,
  /** The socket is connected already. */
  EISCONN = 106,
  ENOTCONN = 107,
  ETIMEDOUT = 110,
  ECONNREFUSED = 111,
  /** Too late to cancel; for connect: already in progress. */
  EALREADY = 114,
  EINPROGRESS = 115,
  /** The operation was cancelled. */
  ECANCELED = 125,
}

/** The symbols of 1, 2 and so on; `-` where there is none. Of two for a number, what Node says. */
const NAMES = `
  EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT
  ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG
  ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP
  - ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL
  ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV
  ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD
  ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ EMSGSIZE
  EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT ENOTSUP EPFNOSUPPORT EAFNOSUPPORT
  EADDRINUSE EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN
  ENOTCONN ESHUTDOWN ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY
  EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE
  ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL
  EHWPOISON
`.trim().split(/\s+/);

/** The symbolic name of a positive error number: 1 is `EPERM`; `errno 4095` for an unknown one. */
export function errnoName(errno: number): string {
  const name = NAMES[errno - 1] ?? "-";
  return name === "-" ? `errno ${errno}` : name;
}
