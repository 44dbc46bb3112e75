/** The system calls that `files.ts` makes on the disk. Simulations replace them. */
import type fs from "node:fs";
import { type Clock, systemClock } from "../../system/clock.ts";
import { nodeFs } from "../../system/node.ts";

/** What stat reports about a path. */
export type PathInfo = Pick<
  Deno.FileInfo,
  "isFile" | "isDirectory" | "isSymlink" | "size" | "mtime" | "ctime" | "dev" | "ino"
>;

/** What fstat reports about an open file. */
export type HandleInfo =
  & Pick<fs.Stats, "dev" | "ino" | "size" | "mtimeMs" | "ctimeMs">
  & { isFile(): boolean };

/** The calls. All throw the runtime's errors. */
export interface Disk {
  /** The path without links and dots. */
  realPath(path: string): string;
  /** Follows links; `lstat` does not. */
  stat(path: string): PathInfo;
  lstat(path: string): PathInfo;
  exists(path: string): boolean;
  /** Names in a directory, in any order. */
  readDir(path: string): AsyncIterable<Deno.DirEntry>;
  /** Opens a directory to read its names, and closes it: this says whether it may be read. */
  probeDirectory(path: string): void;
  /** @param flags of open(2) @returns a descriptor */
  open(path: string, flags: number): number;
  close(fd: number): void;
  fstat(fd: number): HandleInfo;
  /** Reads into `target` from `position` on. @returns how many bytes; 0 at the end */
  readSync(fd: number, target: Uint8Array, position: number): number;
  /** The same on another thread. */
  read(fd: number, target: Uint8Array, position: number): Promise<number>;
}

/** The system's. */
export const systemDisk: Disk = {
  realPath: (path) => Deno.realPathSync(path),
  stat: (path) => Deno.statSync(path),
  lstat: (path) => Deno.lstatSync(path),
  exists: (path) => nodeFs().existsSync(path),
  readDir: (path) => Deno.readDir(path),
  // With the slash, nothing but a directory is opened: a FIFO would block.
  probeDirectory: (path) => Deno.openSync(`${path}/`).close(),
  open: (path, flags) => nodeFs().openSync(path, flags),
  close: (fd) => nodeFs().closeSync(fd),
  fstat: (fd) => nodeFs().fstatSync(fd),
  readSync: (fd, target, position) => nodeFs().readSync(fd, target, 0, target.length, position),
  read: (fd, target, position) =>
    new Promise((resolve, reject) => {
      nodeFs().read(
        fd,
        target,
        0,
        target.length,
        position,
        (error, count) => error ? reject(error) : resolve(count),
      );
    }),
};

/** What a directory's resource needs from outside of this program. */
export interface Surroundings {
  disk: Disk;
  clock: Clock;
  /** Fills `numbers` with unpredictable values. */
  draw(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer>;
}

/** The system's. */
export const SYSTEM: Surroundings = {
  disk: systemDisk,
  clock: systemClock,
  draw: (numbers) => crypto.getRandomValues(numbers),
};
