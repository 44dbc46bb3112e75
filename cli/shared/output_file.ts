/** A file that grows while a load runs. */
import { messageOf } from "../../system/message_of.ts";
import { Failure } from "./failure.ts";
import { printNote } from "./output.ts";

/** A file that an option names. */
export class OutputFile {
  readonly #option: string;
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** Makes the file `path`, which `--option` names. @throws {Failure} when it cannot be made */
  constructor(option: string, path: string) {
    this.#option = option;
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Appends `text`. @throws {Failure} when it cannot be written */
  write(text: string): void {
    let bytes = new TextEncoder().encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Ends the file, and says so on stderr. */
  close(): void {
    this.#file.close();
    printNote(`wrote ${this.#path}`);
  }

  #failure(error: unknown): Failure {
    return new Failure(`Cannot write --${this.#option} '${this.#path}': ${messageOf(error)}`);
  }
}
