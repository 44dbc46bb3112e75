/** Directories whose entries are named by numbers, as `/proc/self/fd` and `/proc/self/task`. */
import type { Libc } from "./libc.ts";

const O_DIRECTORY = Deno.build.arch === "aarch64" ? 0o40000 : 0o200000;
const O_CLOEXEC = 0o2000000;

/** Bytes of entries to read at once: about a thousand. */
const ENTRIES_BYTES = 32768;

/** An open directory, which can be read after the permissions for it were given up. */
export class NumberedDirectory {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #entries = new Uint8Array(ENTRIES_BYTES);

  /** @throws {SystemError} when `path` cannot be opened */
  constructor(libc: Libc, path: string) {
    this.#libc = libc;
    this.#fd = libc.open(path, O_DIRECTORY | O_CLOEXEC);
  }

  /** The numbers that name entries now; others are left out. */
  numbers(): number[] {
    const found: number[] = [];
    const entries = this.#entries;
    const view = new DataView(entries.buffer);
    this.#libc.rewind(this.#fd);
    for (;;) {
      const end = this.#libc.readEntries(this.#fd, entries);
      if (end === 0) return found;
      // struct linux_dirent64: inode, offset, length, type, and the name up to a NUL.
      for (let at = 0; at < end; at += view.getUint16(at + 16, true)) {
        let number = 0;
        let i = at + 19;
        for (; entries[i] >= 48 && entries[i] <= 57; ++i) number = 10 * number + entries[i] - 48;
        if (i > at + 19) found.push(number);
      }
    }
  }
}
