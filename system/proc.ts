/** The only reader of the kernel's text files (`/proc`, `/sys`). */

/** Whether reading `path` is permitted: to try without permission would ask the user for it. */
export function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

/** The text of the file `path`, or null where there is none or it may not be read. */
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

/** Longer than any text of the kernel's that is read again and again. */
const TEXT_BYTES = 32_768;

const buffer = new Uint8Array(TEXT_BYTES);
const decoder = new TextDecoder();

/**
 * A text file of the kernel's that is read again and again. It stays open, as opening it and asking
 * for permission cost as much as reading.
 */
export class ProcFile implements Disposable {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #isOver = false;

  /** The file is opened when it is read first. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Its text now; null where there is none, as of a process that has ended, or it may not be read. */
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

  /** Closes it; there is nothing to read any more. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#file?.close();
    this.#file = undefined;
  }
}
