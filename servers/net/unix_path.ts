/**
 * The path of a Unix domain socket, which outlives its server. A lock lets one process at a time
 * take or remove it, so that none removes the socket of another.
 *
 * The socket is bound under another name and linked to its path when it listens. So the path never
 * names a socket that refuses connections while its server is alive. Also, the runtime, which
 * removes the bound name when a listener closes, does not touch the path.
 */
/** `sun_path` of `struct sockaddr_un` without its NUL. */
const MAX_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;

/** The lock file, beside the socket. It exists only while a server starts or ends. */
function lockPathOf(path: string): string {
  return `${path}.ktcp-lock`;
}

/** The name to bind: different in each process, and short, because of `MAX_PATH_BYTES`. */
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

/** Files that such a server reads and writes. */
export function unixFiles(path: string): string[] {
  return [...unixNames(path), lockPathOf(path)];
}

/** A socket listening at a path. */
export interface BoundPath<Listener> {
  listener: Listener;
  /** Closes it, and removes the path if no other server has taken it since. */
  close(): void;
}

/**
 * Listens at `path`, which has to be locked.
 *
 * @param listen listens at the given temporary name; closing its listener may remove that name
 * @throws {Deno.errors.AddrInUse} when the path exists; the system's error when it cannot listen
 */
export function bindUnix<Listener extends { close(): void }>(
  path: string,
  listen: (name: string) => Listener,
): BoundPath<Listener> {
  // Clients need to pass the path to connect(2), too, so the limit applies to it as well.
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
      // The path could not be removed, but the socket is closed either way.
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

/** What identifies a file among all that exist. */
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

/** The lock, if `file` is still the one at its path, as the last holder may have removed it. */
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
 * Locks `path`, after waiting until no other server is taking or removing it.
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
 * Removes the socket at `path` if its server is gone. The path has to be locked.
 *
 * @throws {Deno.errors.AddrInUse} when a server listens there
 */
export async function removeStaleSocket(path: string): Promise<void> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    const isStale = error instanceof Deno.errors.ConnectionRefused;
    if (isStale && Deno.lstatSync(path).isSocket) Deno.removeSync(path);
    // Something else is there, such as a server whose accept queue is full; linking will fail.
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
