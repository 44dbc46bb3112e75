/**
 * A simulated disk with a few files, each in versions: what it held, and when. Answers may come late,
 * in part, or not at all.
 */
import type { Disk, HandleInfo, PathInfo } from "../../../servers/files/disk.ts";
import type { SimulatedClock } from "../../../servers/net/engines/simulated/clock.ts";
import type { Random } from "../../../servers/net/engines/simulated/random.ts";

/** The directory that is served. */
export const ROOT = "/site";

/** What a path held for a time; `bytes` is undefined while there was nothing. */
export interface Version {
  fromUs: number;
  untilUs: number;
  bytes: Uint8Array | undefined;
}

/** A file or directory. */
interface Inode {
  ino: number;
  /** `undefined`: a directory. */
  bytes: Uint8Array | undefined;
  mtimeMs: number;
  ctimeMs: number;
}

/** How a disk misbehaves. */
export type DiskFault = "late" | "failing" | "short";

/** A disk. */
export class SimulatedDisk implements Disk {
  /** Descriptors that may be open at once. */
  descriptors = Infinity;
  fault: DiskFault | undefined;
  /** Reads that have not been answered. */
  pending = 0;
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #inodes = new Map<string, Inode>();
  readonly #versions = new Map<string, Version[]>();
  readonly #open = new Map<number, Inode>();
  #ino = 100;
  #fd = 10;

  constructor(clock: SimulatedClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    // Old, so that the server sees no recent change of the directories on the path to a file.
    for (const path of ["/", ROOT]) this.#inodes.set(path, this.#inode(undefined, -1e7));
  }

  /** Descriptors that are open. */
  get openFiles(): number {
    return this.#open.size;
  }

  /** Names below the root that there are or were. */
  get names(): string[] {
    return [...this.#versions.keys()];
  }

  /** What `name` held, in order. */
  versions(name: string): readonly Version[] {
    return this.#versions.get(name) ?? [];
  }

  // What other programs do to it

  /** Puts a new file in the place of `name`. */
  replace(name: string, bytes: Uint8Array, sinceMs = 0): void {
    this.#inodes.set(`${ROOT}/${name}`, this.#inode(bytes, sinceMs));
    this.#touch(ROOT, sinceMs);
    this.#noteVersion(name, bytes);
  }

  /** Writes other bytes into the same file. */
  overwrite(name: string, bytes: Uint8Array): void {
    const inode = this.#inodes.get(`${ROOT}/${name}`);
    if (inode === undefined) return this.replace(name, bytes);
    inode.bytes = bytes;
    inode.mtimeMs = inode.ctimeMs = this.#clock.epochMs();
    this.#noteVersion(name, bytes);
  }

  remove(name: string): void {
    this.#inodes.delete(`${ROOT}/${name}`);
    this.#touch(ROOT, 0);
    this.#noteVersion(name, undefined);
  }

  #noteVersion(name: string, bytes: Uint8Array | undefined): void {
    const { nowUs } = this.#clock;
    let versions = this.#versions.get(name);
    if (versions === undefined) this.#versions.set(name, versions = []);
    const last = versions.at(-1);
    if (last !== undefined) last.untilUs = nowUs;
    versions.push({ fromUs: versions.length === 0 ? -Infinity : nowUs, untilUs: Infinity, bytes });
  }

  #inode(bytes: Uint8Array | undefined, sinceMs: number): Inode {
    const mtimeMs = this.#clock.epochMs() + sinceMs;
    return { ino: this.#ino++, bytes, mtimeMs, ctimeMs: mtimeMs };
  }

  #touch(path: string, sinceMs: number): void {
    const inode = this.#inodes.get(path)!;
    if (sinceMs === 0) inode.mtimeMs = inode.ctimeMs = this.#clock.epochMs();
  }

  // What the server asks of it

  realPath(path: string): string {
    this.#find(path);
    return path;
  }

  stat(path: string): PathInfo {
    const { ino, bytes, mtimeMs, ctimeMs } = this.#find(path);
    return {
      isFile: bytes !== undefined,
      isDirectory: bytes === undefined,
      isSymlink: false,
      size: bytes?.length ?? 0,
      mtime: new Date(mtimeMs),
      // As the runtime shows it.
      ctime: new Date(Math.floor(ctimeMs / 1000) * 1000),
      dev: 1,
      ino,
    };
  }

  lstat(path: string): PathInfo {
    return this.stat(path);
  }

  exists(path: string): boolean {
    return this.#inodes.has(path);
  }

  readDir(): AsyncIterable<Deno.DirEntry> {
    throw new Error("Directories are not listed in simulations");
  }

  probeDirectory(path: string): void {
    this.close(this.open(path));
  }

  open(path: string): number {
    if (this.#open.size >= this.descriptors) throw systemError("EMFILE");
    this.#open.set(this.#fd, this.#find(path));
    return this.#fd++;
  }

  close(fd: number): void {
    if (!this.#open.delete(fd)) throw systemError("EBADF");
  }

  fstat(fd: number): HandleInfo {
    const { ino, bytes, mtimeMs, ctimeMs } = this.#handle(fd);
    return {
      dev: 1,
      ino,
      size: bytes!.length,
      mtimeMs,
      ctimeMs: Math.floor(ctimeMs / 1000) * 1000,
      isFile: () => bytes !== undefined,
    };
  }

  readSync(fd: number, target: Uint8Array, position: number): number {
    const { bytes } = this.#handle(fd);
    if (this.fault === "failing" && this.#random.chance(40)) throw systemError("EIO");
    const left = Math.max(0, bytes!.length - position);
    let length = Math.min(target.length, left);
    if (this.fault === "short" && length > 1) length = this.#random.between(1, length);
    target.set(bytes!.subarray(position, position + length));
    return length;
  }

  read(fd: number, target: Uint8Array, position: number): Promise<number> {
    const delayUs = this.fault === "late"
      ? this.#random.between(10_000, 2_000_000)
      : this.#random.below(500);
    // The descriptor is looked up now, as the kernel does.
    this.#handle(fd);
    ++this.pending;
    return new Promise((resolve, reject) => {
      this.#clock.in(delayUs, () => {
        --this.pending;
        this.#clock.hasPromises = true;
        try {
          resolve(this.readSync(fd, target, position));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #find(path: string): Inode {
    const inode = this.#inodes.get(path);
    if (inode === undefined) throw new Deno.errors.NotFound(path);
    return inode;
  }

  #handle(fd: number): Inode {
    const inode = this.#open.get(fd);
    if (inode === undefined) throw systemError("EBADF");
    return inode;
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
