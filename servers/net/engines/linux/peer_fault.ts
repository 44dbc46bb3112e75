/** Failed system calls on a connection, as the connection wants them. */
import { Errno } from "../../../../system/linux/errno.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import { PeerGone } from "../../peer_gone.ts";

/** Errors that a bug of this program causes, and nothing else. */
const BUGS: readonly number[] = [Errno.EBADF, Errno.EINVAL, 14, /* EFAULT */ 88 /* ENOTSOCK */];

/**
 * What `call` failed with: whether the peer is gone, or the way to it (ECONNRESET, EPIPE, ETIMEDOUT,
 * EHOSTUNREACH, …), or the kernel has no memory for its socket; or a bug.
 *
 * @param result `-errno`
 */
export function peerFault(call: string, result: number): Error {
  const error = new SystemError(call, -result);
  return BUGS.includes(-result) ? error : new PeerGone(error.message, { cause: error });
}
