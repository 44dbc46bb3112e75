import { HTSTRESS_CSV_HEADER, requestCsv } from "../../bench/report/csv.ts";
import type { RequestSample } from "../../bench/result.ts";
import { Failure, messageOf } from "../shared/failure.ts";
import { printNote } from "../shared/output.ts";

/** A CSV file that grows while the load runs. */
export class SampleFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;

  /** @throws {Failure} when it cannot be made */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    } catch (error) {
      throw new Failure(`Cannot write --csv '${path}': ${messageOf(error)}`);
    }
    this.#write(HTSTRESS_CSV_HEADER + "\n");
  }

  /** Appends `samples`. */
  add(samples: RequestSample[]): void {
    this.#write(samples.map((sample) => requestCsv(sample) + "\n").join(""));
  }

  /** Ends the file, and says so on stderr. */
  close(): void {
    this.#file.close();
    printNote(`wrote ${this.#path}`);
  }

  #write(text: string): void {
    let bytes = new TextEncoder().encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
    } catch (error) {
      throw new Failure(`Cannot write --csv '${this.#path}': ${messageOf(error)}`);
    }
  }
}
