/**
 * The only writer to the terminal. Results go to stdout; progress, logs and errors to stderr.
 */

const encoder = new TextEncoder();

function writeAllSync(stream: typeof Deno.stdout, text: string): void {
  let bytes = encoder.encode(text);
  try {
    while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
  } catch (error) {
    // The reader went away (`ktcp … | head -1`): nobody is left to tell.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Writes `text` and a newline to stdout. */
export function printResult(text: string): void {
  writeAllSync(Deno.stdout, text + "\n");
}

/** Writes `value` as the one JSON document on stdout. */
export function printJson(value: unknown): void {
  printResult(JSON.stringify(value, null, 2));
}

/** Writes `text` and a newline to stderr. */
export function printNote(text: string): void {
  writeAllSync(Deno.stderr, text + "\n");
}

/** Whether colour may be used on `stream`: it is a terminal and `NO_COLOR` is not set. */
export function mayColour(stream: { isTerminal(): boolean } = Deno.stdout): boolean {
  return stream.isTerminal() && !Deno.noColor;
}

/** Whether a progress display may be drawn on stderr: a terminal, and `NO_COLOR` is not set. */
export function mayShowProgress(): boolean {
  return mayColour(Deno.stderr);
}
