/**
 * The access log: a line an exchange on stderr, gathered and written in large pieces.
 */
import { type AccessRecord, type LogFormat, logLine } from "./static/log.ts";

/** Characters that are gathered at the most before they are written. */
const FLUSH_LENGTH = 16384;

/** How the access log is written. */
export interface AccessLogOptions {
  format: LogFormat;
  /** Log the client that the last proxy names in X-Forwarded-For. */
  trustProxy: boolean;
}

const encoder = new TextEncoder();

/** A buffered log on stderr. */
export class AccessLog {
  readonly #options: AccessLogOptions;
  #text = "";

  constructor(options: AccessLogOptions) {
    this.#options = options;
  }

  /** Adds the line of `record`. */
  write(record: AccessRecord): void {
    this.#text += logLine(record, this.#options);
    if (this.#text.length > FLUSH_LENGTH) this.flush();
  }

  /** Writes what was gathered: called at every tick, and at the end. */
  flush(): void {
    let bytes = encoder.encode(this.#text);
    this.#text = "";
    try {
      while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
    } catch {
      // Nobody reads the log any more; serving goes on.
    }
  }
}
