/** What a failed accept means for the server; see accept(2), "ERRORS". */
import { Errno } from "../../../../system/linux/errno.ts";

/** What to do next. */
export const enum AcceptFailure {
  /** No connection is waiting. */
  Nobody,
  /** Descriptors or memory are short: retry when a connection ends, or after a while. */
  Short,
  /** The socket is not listening, and accepting cannot go on. */
  Broken,
  /** The client or its network failed before the connection was accepted: try the next one. */
  ClientGone,
}

/** Classifies the result of a failed call. @param result `-errno` */
export function acceptFailure(result: number): AcceptFailure {
  switch (-result) {
    case Errno.EAGAIN:
      return AcceptFailure.Nobody;
    case Errno.EMFILE:
    case Errno.ENFILE:
    case Errno.ENOBUFS:
    case Errno.ENOMEM:
      return AcceptFailure.Short;
    case Errno.EBADF:
    case Errno.EINVAL:
      return AcceptFailure.Broken;
  }
  return AcceptFailure.ClientGone;
}
