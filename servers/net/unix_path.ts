/**
 * The path of a Unix domain socket, which outlives its server. A lock lets one process at a time
 * take it or give it back, so that none removes the socket of another.
 *
 * The socket is bound under another name and linked to its path when it listens. So the path never
 * names a socket that refuses connections though its server lives; and the runtime, which removes
 * the name that was bound whenever a listener closes, does not touch the path.
 */
/** `sun_path` of `struct sockaddr_un` without its NUL. */
const MAX_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;

/** The file that is locked, beside the socket. It exists only while a server starts or ends. */
function lockPathOf(path: string): string {
  return `${path}.ktcp-lock`;
}

/** The name to bind: another one in each process, and short, as 107 bytes is the most. */
function bindPathOf(path: string): string {
  const at = path.lastIndexOf("/") + 1;
  let hash = 0;
  for (const byte of new TextEncoder().encode(`${Deno.pid} ${path.slice(at)}`)) {
    hash = Math.imul(hash, 31) + byte | 0;
  }
  return `${path.slice(0, at)}.${(hash >>> 0).toString(36)}`;
}

/** Names at which a server with a socket at `path` listens. */
export function unixNames(path: string): string[] {
  return [path, bindPathOf(path)];
}

/** Files that it reads and writes for that. */
export function unixFiles(path: string): string[] {
  return [...unixNames(path), lockPathOf(path)];
}

/** A socket that listens at a path. */
export interface BoundPath<Listener> {
  listener: Listener;
  /** Closes it, and removes the path if no other server has taken it since. */
  close(): void;
}

/**
 * Listens at `path`, which has to be locked.
 *
 * @param listen listens at another name; closing removes that name or leaves it
 * @throws {Deno.errors.AddrInUse} when there is something; the system's error when it cannot listen
 */
export function bindUnix<Listener extends { close(): void }>(
  path: string,
  listen: (name: string) => Listener,
): BoundPath<Listener> {
  // Clients have to name it, too.
  if (new TextEncoder().encode(path).length > MAX_PATH_BYTES) {
    throw new TypeError("path must be shorter than SUN_LEN");
  }
  const name = bindPathOf(path);
  const listener = listen(name);
  try {
    Deno.linkSync(name, path);
  } catch (error) {
    listener.close();
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Deno.errors.AddrInUse(`Address already in use: ${path}`);
  } finally {
    removeIfThere(name);
  }
  // When this server stops, another one may own the path.
  const file = identify(path);
  const close = () => {
    listener.close();
    try {
      if (file !== undefined) removeOwnSocket(path, file);
    } catch {
      // It may not be removed: the socket is closed either way.
    }
  };
  return { listener, close };
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A lock on the path, until it is released. */
export interface PathLock {
  release(): void;
}

/** What tells a file from all others that exist. */
interface FileIdentity {
  dev: number;
  ino: number | null;
}

function isSameFile(a: FileIdentity, b: FileIdentity | undefined): boolean {
  return a.dev === b?.dev && a.ino === b.ino;
}

/** The identity of the file at `path`, `undefined` where there is none. */
function identify(path: string): FileIdentity | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const LOCK_OPTIONS = { write: true, create: true, mode: 0o600 };

/** The lock, if `file` is still the one at its path: the last holder may have removed it. */
function checked(file: Deno.FsFile, path: string): PathLock | undefined {
  if (isSameFile(file.statSync(), identify(path))) {
    return {
      release: () => {
        Deno.removeSync(path);
        file.close();
      },
    };
  }
  file.close();
}

/**
 * Waits until no other server takes or gives back `path`.
 *
 * @throws the system's error when no file can be created there
 */
export async function lockUnixPath(path: string): Promise<PathLock> {
  const lockPath = lockPathOf(path);
  for (;;) {
    const file = await Deno.open(lockPath, LOCK_OPTIONS);
    await file.lock(true);
    const lock = checked(file, lockPath);
    if (lock !== undefined) return lock;
  }
}

/**
 * Removes the socket at `path` when its server is gone. The path has to be locked.
 *
 * @throws {Deno.errors.AddrInUse} when a server listens there
 */
export async function removeStaleSocket(path: string): Promise<void> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    const isStale = error instanceof Deno.errors.ConnectionRefused;
    if (isStale && Deno.lstatSync(path).isSocket) Deno.removeSync(path);
    // Something else is there, such as a server whose accept queue is full: linking fails.
    return;
  }
  throw new Deno.errors.AddrInUse(`Address already in use: ${path}`);
}

/**
 * Removes the socket at `path` if it is the one that was bound. When another server is taking the
 * path, nothing is removed.
 */
function removeOwnSocket(path: string, own: FileIdentity): void {
  const lockPath = lockPathOf(path);
  const file = Deno.openSync(lockPath, LOCK_OPTIONS);
  if (!file.tryLockSync(true)) return file.close();
  const lock = checked(file, lockPath);
  if (isSameFile(own, identify(path))) Deno.removeSync(path);
  lock?.release();
}
