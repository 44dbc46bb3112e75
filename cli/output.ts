/**
 * The only writer to the terminal. Results go to stdout; progress, logs and errors to stderr.
 */

const encoder = new TextEncoder();

/** @returns false when the reader went away (`ktcp … | head -1`): nobody is left to tell */
function writeAllSync(stream: typeof Deno.stdout, content: string | Uint8Array): boolean {
  let bytes = typeof content === "string" ? encoder.encode(content) : content;
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

/** Writes `text` and a newline to stdout. @returns false when nobody reads it any more */
export function printResult(text: string): boolean {
  return writeAllSync(Deno.stdout, text + "\n");
}

/** Writes `value` as the one JSON document on stdout. */
export function printJson(value: unknown): void {
  printResult(JSON.stringify(value, null, 2));
}

/** Writes `text` and a newline to stderr. */
export function printNote(text: string): void {
  writeAllSync(Deno.stderr, text + "\n");
}

/** Writes `bytes` as they are to stderr. */
export function printBytes(bytes: Uint8Array): void {
  writeAllSync(Deno.stderr, bytes);
}

/** Whether colour may be used on `stream`: it is a terminal and `NO_COLOR` is not set. */
export function mayColour(stream: { isTerminal(): boolean } = Deno.stdout): boolean {
  return stream.isTerminal() && !Deno.noColor;
}

/** Whether a progress display may be drawn on stderr: a terminal, and `NO_COLOR` is not set. */
export function mayShowProgress(): boolean {
  return mayColour(Deno.stderr);
}
