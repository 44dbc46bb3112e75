/**
 * Maps errors of the system to statuses; nothing else does. Pure.
 *
 * The runtime names an error in three ways: `error.code` (`EIO`, `ENOENT`), `(os error 5)` at the
 * end of the message, and the class (`Deno.errors.NotCapable` has nothing else).
 */

/** A system error and the status that it leads to. */
export interface DiskError {
  /** 403: not permitted; 404: not there; 500: the disk failed; 503: no resources now. */
  status: 403 | 404 | 500 | 503;
  /** Its name: `EIO`, `NotCapable`, or `os error 117` where it has none. */
  name: string;
}

/** Statuses of errors that are not a failure of the disk; all others mean 500. */
const STATUSES: Record<string, 403 | 404 | 503> = {
  EACCES: 403,
  EPERM: 403,
  // Files below /proc, /sys and /dev: the file system permits them, the runtime does not.
  NotCapable: 403,

  ENOENT: 404,
  ENOTDIR: 404,
  EISDIR: 404,
  ELOOP: 404,
  ENAMETOOLONG: 404,
  // Names that the file system does not accept.
  EINVAL: 404,
  EILSEQ: 404,
  // A FIFO or device without its other end; a file removed from a network file system.
  ENXIO: 404,
  ENODEV: 404,
  ESTALE: 404,

  EMFILE: 503,
  ENFILE: 503,
  ENOMEM: 503,
  ENOBUFS: 503,
  ENOSPC: 503,
  EDQUOT: 503,
  EAGAIN: 503,
  EBUSY: 503,
  EINTR: 503,
  ETXTBSY: 503,
  ETIMEDOUT: 503,
};

/** Classes of the runtime whose errors may come without a code. */
const CLASSES: Record<string, string> = {
  NotCapable: "NotCapable",
  PermissionDenied: "EACCES",
  NotFound: "ENOENT",
  NotADirectory: "ENOTDIR",
  IsADirectory: "EISDIR",
  FilesystemLoop: "ELOOP",
  WouldBlock: "EAGAIN",
  Busy: "EBUSY",
  Interrupted: "EINTR",
  TimedOut: "ETIMEDOUT",
};

/** Numbers that mean the same on all systems, for messages without a code. */
const NUMBERS: Record<string, string> = {
  1: "EPERM",
  2: "ENOENT",
  4: "EINTR",
  5: "EIO",
  6: "ENXIO",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  19: "ENODEV",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  28: "ENOSPC",
};

/**
 * Classifies an error of the system.
 *
 * @returns `undefined` when it is not a system error but a bug
 */
export function diskError(error: unknown): DiskError | undefined {
  const name = nameOf(error);
  return name === undefined ? undefined : { status: STATUSES[name] ?? 500, name };
}

/** Whether `error` is a system error and not a bug. */
export function isDiskError(error: unknown): boolean {
  return diskError(error) !== undefined;
}

function nameOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, name, message } = error as Error & { code?: unknown };
  if (typeof code === "string" && /^E[A-Z0-9]+$/.test(code)) return code;
  const number = /\(os error (\d+)\)/.exec(message)?.[1];
  if (number !== undefined) return NUMBERS[number] ?? `os error ${number}`;
  // V8's error when a buffer cannot be allocated.
  if (error instanceof RangeError && /allocation failed/i.test(message)) return "ENOMEM";
  return Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
}
