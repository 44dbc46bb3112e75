/**
 * Proofs that a file opened by path lies below the root, although entries may be renamed at any
 * moment: `root/d` may be a directory when it is judged, a link that leads out when `root/d/f` is
 * opened, and a directory again when it is judged after that. Without openat(2) and without
 * /proc/self/fd (a Worker may use neither) every check walks the path anew in the kernel, so it must be proven that all of them walked the same directories.
 *
 * Assumptions: below the root the path was free of links when it was resolved, and the path to the
 * root itself, which may have links, is controlled by the owner of the server. For a file directly
 * in the root, one lstat after it was opened that shows the same inode is enough. For others there
 * are two proofs:
 *
 * 1. Rest, the common case. A rename moves the ctime of the directories whose entries it changes, and
 *    no call sets ctime back. So a directory whose ctime was over before the work began has had the
 *    same entries since. After the file was opened, lstat is asked for the file, then for each
 *    directory from the last one up to the root. The root has had the same entries from the beginning
 *    to the last question, so the first name has meant the same directory all the while, so the ctime
 *    that was seen is that of this directory, so its entries have been the same too; and so on down
 *    to the directory that holds the file. That one need not be at rest: lstat of the file has looked
 *    into it, and found what was opened.
 *
 * 2. Repetition, where a directory above has changed in the last second. There are n questions: is
 *    this a directory and no link (for each directory), and does lstat show the file that was opened.
 *    For a file outside they cannot all be answered right at any one moment: where the names lead
 *    through directories only, the file at their end is one inside. Each time one of the questions is
 *    drawn at random. The attacker cannot know which one is next, so a wrong state of the names is
 *    found with a chance of at least 1/n each time, and after {@linkcode ROUNDS} · n times it has
 *    gone unnoticed with a chance of less than e^-{@linkcode ROUNDS}.
 *
 * Not covered: hard links and bind mounts, which are inside by definition; a file that was inside
 * when it was judged, and is moved out while it is sent; a file system whose clock runs behind that of
 * this machine by a second or more.
 */
import { type Disk, type PathInfo, SYSTEM, systemDisk } from "./disk.ts";

/** ctime's resolution in Deno (1 s), and the kernel's coarse clock that may lag behind by a tick. */
const REST_MS = 1000 + 100;

/** How often each question is asked, on average. */
const ROUNDS = 24;

/**
 * Whether the way from `root` to the last name of `path` has been the same since `sinceMs`, and is one
 * of directories.
 *
 * @param root path of the root, empty for /; it may lead there by links
 * @param path what begins with it, free of links below it
 * @throws a system error when a directory on the way is gone
 */
export function isAtRest(
  root: string,
  path: string,
  sinceMs: number,
  disk: Disk = systemDisk,
): boolean {
  const directories = directoriesBetween(root, path);
  for (let n = directories.length - 1; n >= 0; --n) {
    const info = disk.lstat(directories[n]);
    if (!info.isDirectory) return false;
    // The entries of the last one may change.
    if (n < directories.length - 1 && !hasRested(info, sinceMs)) return false;
  }
  return directories.length === 0 || hasRested(disk.stat(root || "/"), sinceMs);
}

/**
 * Whether repeated questions find that the way from `root` to the last name of `path` is one of
 * directories, and that `isSame` accepts the file there.
 *
 * @throws a system error when there is nothing at `path`
 */
export function wasReachedInside(
  root: string,
  path: string,
  isSame: (info: PathInfo) => boolean,
  { disk, draw } = SYSTEM,
): boolean {
  const directories = directoriesBetween(root, path);
  const questions = directories.length + 1;
  for (const drawn of draw(new Uint32Array(ROUNDS * questions))) {
    const question = drawn % questions;
    const isRight = question < directories.length
      ? disk.lstat(directories[question]).isDirectory
      : isSame(disk.lstat(path));
    if (!isRight) return false;
  }
  return true;
}

/** Paths of the directories between `root` and the last name of `path`. */
function directoriesBetween(root: string, path: string): string[] {
  const directories: string[] = [];
  for (let end = path.indexOf("/", root.length + 1); end > 0; end = path.indexOf("/", end + 1)) {
    directories.push(path.slice(0, end));
  }
  return directories;
}

function hasRested({ mtime, ctime }: PathInfo, sinceMs: number): boolean {
  return Math.max(mtime?.getTime() ?? 0, ctime?.getTime() ?? Infinity) + REST_MS <= sinceMs;
}
