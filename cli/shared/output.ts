/**
 * The only writer to the terminal. Results go to stdout; progress, logs and errors to stderr.
 */
import { messageOf } from "../../system/message_of.ts";
import { stderr } from "../../system/stderr.ts";
import { Failure } from "./failure.ts";

const encoder = new TextEncoder();

/**
 * Writes `text` and a newline to stdout.
 *
 * @returns false when the reader has gone away (`ktcp … | head -1`)
 * @throws {Failure} when it cannot be written, as on a full disk
 */
export function printResult(text: string): boolean {
  let bytes = encoder.encode(text + "\n");
  try {
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new Failure(`cannot write to stdout: ${messageOf(error)}`);
  }
}

/**
 * Writes `value` as the one JSON document on stdout.
 *
 * @throws {Failure} when it cannot be written
 */
export function printJson(value: unknown): void {
  printResult(JSON.stringify(value, null, 2));
}

/**
 * Writes `value` as a line of JSON on stdout, one of several.
 *
 * @returns false when the reader went away
 * @throws {Failure} when it cannot be written
 */
export function printJsonLine(value: unknown): boolean {
  return printResult(JSON.stringify(value));
}

/** Writes `text` and a newline to stderr. */
export function printNote(text: string): void {
  stderr.note(text);
}

/** Writes `bytes` as they are to stderr. */
export function printBytes(bytes: Uint8Array): void {
  stderr.write(bytes);
}

/** Whether a display may be drawn on stderr: a terminal that can, and `NO_COLOR` is not set. */
export function mayShowProgress(): boolean {
  return Deno.stderr.isTerminal() && !Deno.noColor && Deno.env.get("TERM") !== "dumb";
}

/** Columns of a result where stdout is no terminal. */
const DEFAULT_WIDTH = 80;

/** Columns that a result may take: those of the terminal, if stdout is one and tells its size. */
export function outputWidth(): number {
  return Deno.stdout.isTerminal() && Deno.consoleSize().columns || DEFAULT_WIDTH;
}
