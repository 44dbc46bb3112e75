/** The only reader of the kernel's text files (`/proc`, `/sys`). */

/** Whether reading `path` is permitted; trying without permission would prompt the user. */
export function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** The text of the file `path`, or null if it does not exist or may not be read. */
export function readProc(path: string): string | null {
  if (!mayRead(path)) return null;
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const isExpected = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied ||
      error instanceof Deno.errors.NotADirectory;
    if (isExpected) return null;
    throw error;
  }
}

/** Longer than any kernel text that is read repeatedly, in bytes. */
const TEXT_BYTES = 32_768;

const buffer = new Uint8Array(TEXT_BYTES);
const decoder = new TextDecoder();

/**
 * A kernel text file that is read repeatedly. It is kept open, because opening it and checking the
 * permission cost as much as reading.
 */
export class ProcFile implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #isOver = false;

  /** The file is opened at the first read. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Its present text; null if there is none (its process has ended, for instance), or it may not be
   * read.
   */
  read(): string | null {
    if (this.#isOver) return null;
    try {
      this.#file ??= this.#open();
      this.#file?.seekSync(0, Deno.SeekMode.Start);
      const count = this.#file?.readSync(buffer) ?? 0;
      if (count > 0) return decoder.decode(buffer.subarray(0, count));
    } catch {
      // ESRCH: the process has ended.
    }
    this[Symbol.dispose]();
    return null;
  }

  #open(): Deno.FsFile | undefined {
    return mayRead(this.#path) ? Deno.openSync(this.#path) : undefined;
  }

  /** Closes it; further reads return null. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#file?.close();
    this.#file = undefined;
  }
}
