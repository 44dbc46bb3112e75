/**
 * Entity tags, RFC 9110 §8.8.3, and the facts that they are made of. Pure.
 *
 * A strong tag promises that the same tag means the same bytes. Two sources can keep that promise:
 *
 * - The bytes themselves: whatever is sent from memory (small files, compressed copies) is tagged by
 *   its SHA-256, and so is a large file once it has been hashed (`content_tags.ts`). It holds across
 *   restarts, Workers, machines and copies of a tree.
 * - The kernel's record of the file: device, inode, size, mtime and ctime. Every write moves ctime,
 *   and utimes(2) cannot set it back. But clocks have a resolution, and ours is coarse: Deno shows
 *   mtime in milliseconds and ctime in whole seconds. Two writes within one second can leave the
 *   same record, so a record identifies content only once its last second is over (the "racy" rule
 *   of git's index). Before that the tag is weak.
 *
 * A weak tag and the strong one that follows it have the same opaque part: caches may go on using
 * what they hold (weak comparison), ranges and edits (strong comparison) may not rely on it.
 */
/** What fstat(2) says about a file. Two equal, settled records mean the same bytes. */
export interface DiskFacts {
  dev: number;
  ino: number;
  /** Bytes. */
  size: number;
  /** Modification time, milliseconds since 1970. */
  mtimeMs: number;
  /** Change time, milliseconds since 1970, truncated to seconds by the runtime. */
  ctimeMs: number;
}

/** ctime's resolution (1 s), and the kernel's coarse clock that may lag behind ours by a tick. */
const SETTLE_MS = 1000 + 100;

/** True when any later write must show in the record, because the record's last second is over. */
export function isSettled(facts: DiskFacts, nowMs: number): boolean {
  return Math.max(facts.mtimeMs, facts.ctimeMs) + SETTLE_MS <= nowMs;
}

/** True when two records are of the same file in the same state. */
export function sameFacts(a: DiskFacts, b: DiskFacts): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs && a.dev === b.dev;
}

/**
 * Whether `a` was written before `b`. Some tools keep the time of the original, but only its whole
 * seconds: a time without a fraction is not older than another one of its second.
 */
export function isOlder(a: DiskFacts, b: DiskFacts): boolean {
  const isRounded = a.mtimeMs % 1000 === 0;
  return a.mtimeMs < (isRounded ? Math.floor(b.mtimeMs / 1000) * 1000 : b.mtimeMs);
}

/** The record as text: it names the file's state on this machine. */
export function factsKey({ dev, ino, size, mtimeMs, ctimeMs }: DiskFacts): string {
  return [dev, ino, size, mtimeMs, ctimeMs].map((n) => Math.trunc(n).toString(36)).join("-");
}

/**
 * The tag of a file too large to be held in memory, used until the tag of its content is known;
 * strong once the record is settled.
 */
export function factsTag(facts: DiskFacts, nowMs: number): string {
  return `${isSettled(facts, nowMs) ? "" : "W/"}"${factsKey(facts)}"`;
}
