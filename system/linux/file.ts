/** File descriptors, for sending files. All are close-on-exec. */
import { Errno } from "./errno.ts";
import { libc, SystemError } from "./libc.ts";
import type { Pointer } from "./memory.ts";

const O_RDONLY = 0;
const O_NONBLOCK = 0o4000;
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

/** The result of {@linkcode stat}. */
export interface FileStatus {
  isFile: boolean;
  /** Bytes. */
  size: number;
  /** Last change of the content, in ms since 1970. */
  mtimeMs: number;
  /** The inode number. */
  ino: number;
  /** The file system, as `Deno.FileInfo` has it (`makedev(3)`). */
  dev: number;
}

/**
 * Opens a file for reading: openat(2). Opening a FIFO does not block.
 *
 * @param options.directory the directory to which a relative `path` belongs; default: the current one
 * @param options.followLink whether the last part of `path` may be a symbolic link; default: true
 * @throws {SystemError} ENOENT, EACCES, ELOOP, EMFILE and others
 */
export function openFile(
  path: string,
  { directory = AT_FDCWD, followLink = true }: { directory?: number; followLink?: boolean } = {},
): number {
  const system = libc();
  const name = new TextEncoder().encode(`${path}\0`);
  const flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC | (followLink ? 0 : O_NOFOLLOW);
  for (;;) {
    const fd = system.result(system.calls.openat(directory, name, flags));
    if (fd >= 0) return fd;
    if (fd !== -Errno.EINTR) throw new SystemError(`open(${path})`, -fd);
  }
}

/** Returns the kind, size and identity of an open file: statx(2). @throws {SystemError} */
export function stat(fd: number): FileStatus {
  const system = libc();
  const bytes = new Uint8Array(STATX_BYTES);
  const empty = new Uint8Array(1);
  const { statx } = system.calls;
  if (statx === null) throw new SystemError("statx", Errno.ENOSYS);
  system.check("statx", statx(fd, empty, AT_EMPTY_PATH, STATX_BASIC_STATS, bytes));
  const view = new DataView(bytes.buffer);
  return {
    isFile: (view.getUint16(0x1c, true) & S_IFMT) === S_IFREG,
    ino: Number(view.getBigUint64(0x20, true)),
    size: Number(view.getBigUint64(0x28, true)),
    mtimeMs: Number(view.getBigInt64(0x70, true)) * 1000 + view.getUint32(0x78, true) / 1e6,
    dev: makeDevice(view.getUint32(0x88, true), view.getUint32(0x8c, true)),
  };
}

/** A device number from its two halves: makedev(3). */
function makeDevice(major: number, minor: number): number {
  const upper = BigInt(major >>> 12) << 44n | BigInt(minor >>> 8) << 20n;
  return Number(upper | BigInt((major & 0xfff) << 8 | minor & 0xff));
}

/**
 * Reads up to `capacity` bytes at `offset`: pread(2).
 *
 * @returns how many, 0 at the end of the file, or -errno
 */
export function readAt(fd: number, to: Pointer, capacity: number, offset: number): number {
  const system = libc();
  return system.result(system.calls.pread(fd, to, capacity, BigInt(offset)));
}

/** The offset of {@linkcode sendfile}, an `off_t` in two words. */
const position = new Uint32Array(2);
const positionBytes = new Uint8Array(position.buffer);

/**
 * Sends up to `count` bytes of `file` from `offset` on, without a copy through user space:
 * sendfile(2). The file's own position is unchanged.
 *
 * @param offset in bytes, up to 2^53
 * @param count below 2^31
 * @returns how many were taken; 0 when the file ends before `offset`, so that it has shrunk; or
 * -errno: EAGAIN when there is no room, EPIPE or ECONNRESET when the peer has gone, EIO. There is
 * no flag against SIGPIPE, but the runtime ignores that signal.
 */
export function sendfile(socket: number, file: number, offset: number, count: number): number {
  const system = libc();
  position[0] = offset % 2 ** 32;
  position[1] = offset / 2 ** 32;
  return system.result(system.calls.sendfile(socket, file, positionBytes, count));
}

/** Creates a non-blocking pipe: pipe2(2). The caller closes both ends. @throws {SystemError} */
export function createPipe(): [readEnd: number, writeEnd: number] {
  const system = libc();
  const ends = new Int32Array(2);
  const bytes = new Uint8Array(ends.buffer);
  system.check("pipe2", system.calls.pipe2(bytes, O_NONBLOCK | O_CLOEXEC));
  return [ends[0], ends[1]];
}
