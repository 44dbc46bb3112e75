/**
 * A log file that other programs may move and this process can reopen (logrotate). It is opened for
 * appending, so that writes of several processes never overlap.
 */
import type { Sink } from "./stderr.ts";

/** An open log file. */
export class LogFile implements Sink {
  readonly #path: string;
  #file: Deno.FsFile;
  /** The pending write. */
  #writing: Promise<unknown> = Promise.resolve();

  /** Opens or creates it. @throws the system's error */
  constructor(path: string) {
    this.#path = path;
    this.#file = openLog(path);
  }

  /** Opens the path again. @throws the system's error; the old file stays in use then */
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
