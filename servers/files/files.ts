/**
 * The only disk access of the static server. Paths are relative to the root, `/` between names, and
 * already checked by `resolve.ts`; this file checks where they lead on disk.
 *
 * - A path counts as below the root when its real path is, whichever of its parts are links. A file
 *   or directory is used only once it is proven that it was reached below the root
 *   (`containment.ts`).
 * - The root may be reached by links that are re-pointed while the server runs.
 * - Only regular files are opened, and with O_NONBLOCK: a FIFO that takes a file's place between stat
 *   and open cannot block the event loop.
 * - Facts come from fstat on the handle that the bytes are read from.
 *
 * Calls are synchronous where the answer is nearly always in the kernel's caches (3 µs against 30 µs
 * through the thread pool); long work is cut into slices that yield to the event loop.
 */
import { isAtRest, wasReachedInside } from "./containment.ts";
import { type Disk, type PathInfo, type Surroundings, SYSTEM, systemDisk } from "./disk.ts";
import { diskError } from "./disk_error.ts";
import { type Entry, EntryPack, PACK_ENTRIES } from "./entry_pack.ts";
import { type DiskFacts, sameFacts } from "./etag.ts";
import { nodeFs } from "../../system/node.ts";
import { Slice } from "./slice.ts";

/** What a path leads to. Links that leave the root and special files count as `missing`. */
export type Found =
  | { kind: "file"; facts: DiskFacts }
  | { kind: "directory"; mtimeMs: number }
  | { kind: "missing" }
  | { kind: "forbidden" };

/** A file's state as fstat on its open handle shows it. */
export interface Loaded {
  facts: DiskFacts;
  /** The whole content, unless the file is too large. */
  bytes: Uint8Array | undefined;
  /** The beginning of a file that is too large, if it was asked for. */
  start: Uint8Array | undefined;
}

/** How often a changing file is read before its bytes are used as last read. */
const LOAD_ATTEMPTS = 3;

/**
 * How often opening is tried when the path changes meanwhile; after that the file counts as
 * missing.
 */
const OPEN_ATTEMPTS = 3;

/** How a file is opened; links at the end of its path are followed or refused. */
function openFlags(followSymlinks: boolean): number {
  const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = nodeFs().constants;
  return O_RDONLY | O_NONBLOCK | (followSymlinks ? 0 : O_NOFOLLOW);
}

const MISSING: Found = { kind: "missing" };

/** The tree below one directory. */
export class Files {
  readonly #root: string;
  readonly #followSymlinks: boolean;
  readonly #dotfiles: boolean;
  readonly #around: Surroundings;
  readonly #disk: Disk;

  /** @throws a system error when `root` is not a directory that can be entered */
  constructor(
    root: string,
    options: { followSymlinks: boolean; dotfiles: boolean },
    around: Surroundings = SYSTEM,
  ) {
    this.#around = around;
    this.#disk = around.disk;
    this.#root = this.#disk.realPath(root) === "/" ? "" : root.replace(/(?<=.)\/+$/, "");
    this.#followSymlinks = options.followSymlinks;
    this.#dotfiles = options.dotfiles;
    if (!this.#disk.stat(root).isDirectory) throw new Deno.errors.NotADirectory(root);
  }

  /**
   * What `path` (empty for the root) leads to now. Never blocks on a special file. The answer is
   * only a hint: what is sent comes from {@linkcode open}, {@linkcode load} and {@linkcode
   * entries}, which prove it.
   */
  find(path: string): Found {
    const full = this.#full(path);
    try {
      const info = this.#disk.stat(full);
      return this.#realPath(full) === undefined ? MISSING : foundOf(info);
    } catch (error) {
      return failed(error);
    }
  }

  /** Whether anything exists at `path`: a tenth of the cost of a {@linkcode find} that fails. */
  exists(path: string): boolean {
    return this.#disk.exists(this.#full(path));
  }

  /**
   * Reads a file of at most `maxBytes` whole, with the facts of the state that was read. A file that
   * changes during the read is read again. One that keeps changing is returned as last read, with the
   * facts from before that read, so that the next look sees a difference.
   *
   * @param options.startBytes how much of a larger file is read
   * @returns undefined when it is gone or may not be read
   */
  load(path: string, maxBytes: number, { startBytes = 0 } = {}): Loaded | undefined {
    const file = this.open(path);
    if (!file) return undefined;
    try {
      for (let attempt = 1;; attempt++) {
        const before = file.facts();
        if (before.size > maxBytes) {
          const start = startBytes > 0 ? file.readAll(startBytes) : undefined;
          return { facts: before, bytes: undefined, start };
        }
        const bytes = before.size === 0 ? file.readUnsized(maxBytes) : file.readAll(before.size);
        const atRest = bytes.length === before.size && sameFacts(before, file.facts());
        if (atRest || attempt === LOAD_ATTEMPTS) return { facts: before, bytes, start: undefined };
      }
    } finally {
      file.close();
    }
  }

  /**
   * Opens a regular file below the root.
   *
   * @param expected facts that a plan was made from
   * @returns undefined when it is gone, forbidden, or no longer in the expected state: plan again
   */
  open(path: string, expected?: DiskFacts): OpenFile | undefined {
    try {
      for (let attempt = 1; attempt <= OPEN_ATTEMPTS; ++attempt) {
        const startMs = this.#around.clock.epochMs();
        const real = this.#realPath(this.#full(path));
        if (real === undefined || !this.#disk.stat(real).isFile) return undefined;
        const file = new OpenFile(
          this.#disk.open(real, openFlags(this.#followSymlinks)),
          this.#disk,
        );
        let isUsable = false;
        try {
          const facts = file.regularFacts();
          if (facts === undefined || (expected && !sameFacts(facts, expected))) return undefined;
          isUsable = this.#isProven(real, startMs, (info) => isSameFile(info, facts));
          if (isUsable) return file;
        } finally {
          if (!isUsable) file.close();
        }
      }
    } catch (error) {
      failed(error);
    }
    return undefined;
  }

  /** Whether the names of a directory can be read. */
  canList(path: string): boolean {
    try {
      this.#disk.probeDirectory(this.#full(path));
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  }

  /**
   * The names in a directory, unsorted, in slices that yield to the event loop. Names that would be
   * answered with 404 are left out. Names that cannot be requested, or that the disk fails to look
   * up, are marked as not linked.
   *
   * @param signal ends the reading with its reason
   * @throws a system error when the directory cannot be read
   */
  async entries(path: string, signal?: AbortSignal): Promise<EntryPack[]> {
    const startMs = this.#around.clock.epochMs();
    const real = this.#realPath(this.#full(path));
    if (real === undefined) throw new Deno.errors.NotFound(path);
    const root = this.#root;
    const within = real === "/" ? "" : real;
    const packs: EntryPack[] = [];
    let entries: Entry[] = [];
    const lossy = new Set<string>();
    const slice = new Slice();
    for await (const { name, isFile, isDirectory, isSymlink } of this.#disk.readDir(real)) {
      if (slice.isOver()) await slice.next();
      signal?.throwIfAborted();
      if (name.startsWith(".") && !this.#dotfiles) continue;
      if (!isFile && !isDirectory && !isSymlink) continue;
      let entry: Entry | undefined;
      try {
        entry = this.#entry(name, this.#look(`${within}/${name}`));
      } catch (error) {
        if (diskError(error)?.status !== 500) throw error;
        // The disk fails for this entry: its name is shown without a link, which would lead to 500.
        const kind = isDirectory ? "directory" : "file";
        entry = { name, kind, size: 0, mtimeMs: 0, linked: false };
      }
      if (!entry) continue;
      if (name.includes("\ufffd")) {
        // Several undecodable names can look the same, and like a decodable one.
        if (entry.linked && lossy.has(name)) continue;
        if (entry.linked) lossy.add(name);
      }
      entries.push(entry);
      if (entries.length < PACK_ENTRIES) continue;
      packs.push(new EntryPack(entries));
      entries = [];
    }
    packs.push(new EntryPack(entries));
    if (this.#followSymlinks || isAtRest(root, `${within}/`, startMs, this.#disk)) return packs;
    return await this.#provenEntries(packs, { root, within, signal });
  }

  /**
   * The entries that are each proven to be in the directory `within`, in their present state. Names
   * that are not UTF-8 are left out, because they cannot be requested.
   */
  async #provenEntries(
    packs: EntryPack[],
    { root, within, signal }: { root: string; within: string; signal: AbortSignal | undefined },
  ): Promise<EntryPack[]> {
    const proven: EntryPack[] = [];
    let entries: Entry[] = [];
    const slice = new Slice();
    for (const pack of packs) {
      for (const { name } of pack) {
        if (slice.isOver()) await slice.next();
        signal?.throwIfAborted();
        const entry = this.#provenEntry(name, { root, within });
        if (!entry) continue;
        entries.push(entry);
        if (entries.length < PACK_ENTRIES) continue;
        proven.push(new EntryPack(entries));
        entries = [];
      }
    }
    proven.push(new EntryPack(entries));
    return proven;
  }

  /**
   * The entry `name` of `within`, if it is proven to be there; undefined also when the disk fails.
   */
  #provenEntry(
    name: string,
    { root, within }: { root: string; within: string },
  ): Entry | undefined {
    try {
      const found = this.#lookProven(root, `${within}/${name}`);
      return found.kind === "missing" ? undefined : this.#entry(name, found);
    } catch (error) {
      if (diskError(error)?.status !== 500) throw error;
      return undefined;
    }
  }

  /** What the entry at `full` leads to; its directory is proven later. */
  #look(full: string): Found {
    try {
      if (this.#followSymlinks) return foundOf(this.#disk.stat(full));
      const info = this.#disk.lstat(full);
      return info.isSymlink ? this.#behindLink(full) : foundOf(info);
    } catch (error) {
      return failed(error);
    }
  }

  /** What the entry at `full` leads to, if it is below `root`. */
  #lookProven(root: string, full: string): Found {
    try {
      const info = this.#disk.lstat(full);
      if (!wasReachedInside(root, full, (again) => isSameFile(again, info), this.#around)) {
        return MISSING;
      }
      return info.isSymlink ? this.#behindLink(full) : foundOf(info);
    } catch (error) {
      return failed(error);
    }
  }

  #behindLink(full: string): Found {
    const startMs = this.#around.clock.epochMs();
    const real = this.#realPath(full);
    if (real === undefined) return MISSING;
    const info = this.#disk.lstat(real);
    return this.#isProven(real, startMs, (again) => isSameFile(again, info))
      ? foundOf(info)
      : MISSING;
  }

  #entry(name: string, found: Found): Entry | undefined {
    if (found.kind === "missing") {
      // U+FFFD replaces bytes that are not UTF-8: the file exists, but cannot be opened by this
      // name.
      if (!name.includes("\ufffd")) return undefined;
      return { name, kind: "file", size: 0, mtimeMs: 0, linked: false };
    }
    const linked = !name.includes("\\");
    if (found.kind === "file") {
      const { size, mtimeMs } = found.facts;
      return { name, kind: "file", size, mtimeMs, linked };
    }
    // A forbidden name is in a directory that cannot be entered: it is shown, and answered with 403.
    const mtimeMs = found.kind === "directory" ? found.mtimeMs : 0;
    return { name, kind: "directory", size: 0, mtimeMs, linked };
  }

  #full(path: string): string {
    return path === "" ? this.#root || "/" : `${this.#root}/${path}`;
  }

  /**
   * Whether the file that was opened or examined after `startMs` by its link-free path `real` is
   * below the root.
   *
   * @param isSame whether `real` still leads to that file
   */
  #isProven(real: string, startMs: number, isSame: (info: PathInfo) => boolean): boolean {
    if (this.#followSymlinks) return true;
    if (!isSame(this.#disk.lstat(real))) return false;
    return isAtRest(this.#root, real, startMs, this.#disk) ||
      wasReachedInside(this.#root, real, isSame, this.#around);
  }

  /**
   * The link-free path below the root, undefined when it leads out; `full` itself when links are
   * followed. The path to the root may contain a link, which is followed anew each time, because a
   * deployment may re-point it. Results therefore begin with the root as given, not with its real
   * path, which this thread may have no permission to read.
   */
  #realPath(full: string): string | undefined {
    if (this.#followSymlinks) return full;
    let real = this.#disk.realPath(full);
    // The path to the root has no links then.
    if (real.startsWith(this.#root + "/")) return real;
    for (let root = this.#disk.realPath(this.#root || "/");; real = this.#disk.realPath(full)) {
      const above = root === "/" ? "" : root;
      if (real === root) return this.#root || "/";
      if (real.startsWith(above + "/")) return this.#root + real.slice(above.length);
      // Outside of the root, unless the link was re-pointed meanwhile.
      const now = this.#disk.realPath(this.#root || "/");
      if (now === root) return undefined;
      root = now;
    }
  }
}

/** A regular file being sent. Reads are positional, so one handle serves several ranges. */
export class OpenFile {
  readonly #fd: number;
  readonly #disk: Disk;
  #closed = false;

  /** Takes over `fd`. */
  constructor(fd: number, disk: Disk = systemDisk) {
    this.#fd = fd;
    this.#disk = disk;
  }

  /** The descriptor, for sendfile(2) on this thread until `close`. */
  get descriptor(): number {
    return this.#fd;
  }

  /** The current facts of the open file, by fstat. */
  facts(): DiskFacts {
    const { dev, ino, size, mtimeMs, ctimeMs } = this.#disk.fstat(this.#fd);
    return { dev, ino, size, mtimeMs, ctimeMs };
  }

  /** The facts, or undefined if a FIFO or device has taken the file's place. */
  regularFacts(): DiskFacts | undefined {
    const stats = this.#disk.fstat(this.#fd);
    if (!stats.isFile()) return undefined;
    const { dev, ino, size, mtimeMs, ctimeMs } = stats;
    return { dev, ino, size, mtimeMs, ctimeMs };
  }

  /**
   * Reads from `position` into `target` on the thread pool.
   *
   * @returns bytes read; fewer than asked for only at the end of the file, so 0 within a planned range
   * means that the file was truncated and the connection must close
   */
  read(target: Uint8Array, position: number): Promise<number> {
    return this.#disk.read(this.#fd, target, position);
  }

  /**
   * Like {@linkcode read}, on this thread: five times as fast for bytes that the kernel has cached.
   */
  readSync(target: Uint8Array, position: number): number {
    return this.#disk.readSync(this.#fd, target, position);
  }

  /** The first `size` bytes, or fewer if the file ends before. */
  readAll(size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const count = this.readSync(bytes.subarray(filled), filled);
      if (count === 0) return bytes.subarray(0, filled);
      filled += count;
    }
    return bytes;
  }

  /**
   * The whole content of a file whose reported size is 0: empty, or the content of a pseudo file.
   *
   * @throws an error with the code EFBIG when there are more than `maxBytes`
   */
  readUnsized(maxBytes: number): Uint8Array {
    const probe = new Uint8Array(1);
    if (this.readSync(probe, 0) === 0) return new Uint8Array(0);
    const bytes = this.readAll(maxBytes + 1);
    if (bytes.length <= maxBytes) return bytes.slice();
    throw Object.assign(new Error("The file holds more than its size"), { code: "EFBIG" });
  }

  /** Closes the handle; may be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#disk.close(this.#fd);
  }
}

function isSameFile(info: PathInfo, { dev, ino }: { dev: number; ino: number | null }) {
  return info.dev === dev && info.ino === ino;
}

function foundOf(info: PathInfo): Found {
  if (info.isDirectory) return { kind: "directory", mtimeMs: info.mtime?.getTime() ?? 0 };
  return info.isFile ? { kind: "file", facts: factsOf(info) } : MISSING;
}

function factsOf(info: PathInfo): DiskFacts {
  return {
    dev: info.dev,
    ino: info.ino ?? 0,
    size: info.size,
    mtimeMs: info.mtime?.getTime() ?? 0,
    ctimeMs: info.ctime?.getTime() ?? 0,
  };
}

/** Whether `error` says that a file or directory no longer exists. */
export function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop;
}

/**
 * What a path that fails with `error` counts as. @throws `error` when it is not about the path
 * (EMFILE, EIO)
 */
function failed(error: unknown): Found {
  switch (diskError(error)?.status) {
    case 403:
      return { kind: "forbidden" };
    case 404:
      return MISSING;
    default:
      throw error;
  }
}
