/** What it means for a server that accepting a connection has failed: accept(2), "ERRORS". */
import { Errno } from "../../../../system/linux/errno.ts";

/** What to do next. */
export const enum AcceptFailure {
  /** Nobody waits. */
  Nobody,
  /** Descriptors or memory are short: a connection that ends may change that, and so may time. */
  Short,
  /** The socket does not listen: it cannot go on. */
  Broken,
  /** The client, or the network to it, went away before it was accepted: the next one waits. */
  ClientGone,
}

/** Judges the result of a call that has failed. @param result `-errno` */
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
