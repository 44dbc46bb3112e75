/** Converts failed system calls to the errors that a connection expects. */
import { Errno } from "../../../../system/linux/errno.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import { PeerGone } from "../../peer_gone.ts";

/** Errors that only a bug of this program causes. */
const BUGS: readonly number[] = [Errno.EBADF, Errno.EINVAL, 14, /* EFAULT */ 88 /* ENOTSOCK */];

/**
 * The error of a failed `call`: `PeerGone` when the peer or the path to it is gone (ECONNRESET,
 * EPIPE, ETIMEDOUT, EHOSTUNREACH, …) or the kernel has no memory for its socket; otherwise a bug.
 *
 * @param result `-errno`
 */
export function peerFault(call: string, result: number): Error {
  const error = new SystemError(call, -result);
  return BUGS.includes(-result) ? error : new PeerGone(error.message, { cause: error });
}
