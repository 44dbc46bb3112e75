/** Sends files from the kernel's memory: sendfile(2). */
import { Errno } from "../../../../system/linux/errno.ts";
import { sendfile } from "../../../../system/linux/file.ts";
import { SystemError } from "../../../../system/linux/libc.ts";
import type { Connection } from "../../connection.ts";
import { PeerGone } from "../../peer_gone.ts";

/**
 * Most bytes of one call. Otherwise a fast peer could receive a whole file in one call while all
 * others wait.
 */
export const FILE_PART = 1 << 20;

/** Errors caused by the file, not by the socket. */
const FILE_ERRORS: readonly number[] = [Errno.EIO, Errno.EBADF, Errno.EINVAL];

/** Sends a part of the file that `connection` wants sent. @returns the result of `sendfile` */
export function sendFilePart(
  socket: number,
  { outFile, outOffset, outLength }: Connection,
): number {
  return sendfile(socket, outFile, outOffset, Math.min(outLength, FILE_PART));
}

/** The error of a failed `sendfile`. @param result `-errno` */
export function fileFault(result: number): Error {
  const error = new SystemError("sendfile", -result);
  if (FILE_ERRORS.includes(-result)) return error;
  return new PeerGone(error.message, { cause: error });
}
