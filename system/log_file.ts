/**
 * A log file that others may move away and this process opens anew (logrotate). It is opened for
 * appending, so what several processes write never overlaps.
 */
import type { Sink } from "./stderr.ts";

/** An open log file. */
export class LogFile implements Sink {
  readonly #path: string;
  #file: Deno.FsFile;
  /** The write that is under way. */
  #writing: Promise<unknown> = Promise.resolve();

  /** Opens or creates it. @throws the system's error */
  constructor(path: string) {
    this.#path = path;
    this.#file = openLog(path);
  }

  /** Writes to what is at the path now. @throws the system's error; the old file is kept then */
  reopen(): void {
    const old = this.#file;
    this.#file = openLog(this.#path);
    this.#writing.then(() => old.close(), () => old.close());
  }

  write(bytes: Uint8Array): Promise<number> {
    const writing = this.#file.write(bytes);
    this.#writing = writing;
    return writing;
  }

  writeSync(bytes: Uint8Array): number {
    return this.#file.writeSync(bytes);
  }
}

function openLog(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true, mode: 0o640 });
}
