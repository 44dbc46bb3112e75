/**
 * The access log: a line an exchange, gathered and printed in large pieces.
 */
import { type AccessRecord, type LogFormat, logLine } from "./log_line.ts";

/** Characters that are gathered at the most before they are printed. */
const FLUSH_LENGTH = 16384;

/** How the access log is written. */
export interface AccessLogOptions {
  format: LogFormat;
  /** Log the client that the last proxy names in X-Forwarded-For. */
  trustProxy: boolean;
}

/** A log of whole lines. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  readonly #print: (lines: string) => void;
  #text = "";

  /** @param print takes whole lines, and must not wait */
  constructor(options: AccessLogOptions, print: (lines: string) => void) {
    this.#options = options;
    this.#print = print;
  }

  /** Adds the line of `record`. */
  write(record: AccessRecord): void {
    this.#text += logLine(record, this.#options);
    if (this.#text.length > FLUSH_LENGTH) this.flush();
  }

  /** Prints what was gathered: called at every tick, and at the end. */
  flush(): void {
    if (this.#text === "") return;
    this.#print(this.#text);
    this.#text = "";
  }
}
