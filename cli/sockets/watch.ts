/** `ktcp sockets --watch`. */
import { InvalidArgumentError } from "commander";
import { parseDuration } from "../shared/options.ts";
import { printResult } from "../shared/output.ts";
import { sleep } from "../../system/wait.ts";

const MIN_INTERVAL_MS = 100;

/** Parses the interval of `--watch`, at least 100 ms, to milliseconds. */
export function parseInterval(text: string): number {
  const ms = parseDuration(text);
  if (ms < MIN_INTERVAL_MS) throw new InvalidArgumentError(`Too short; at least 100ms.`);
  return ms;
}

/**
 * Shows what `draw` returns every `intervalMs`, until the process is interrupted or the reader of
 * its output is gone. On a terminal each picture replaces the previous one; elsewhere it follows
 * after an empty line.
 */
export async function watch(draw: () => string, intervalMs: number): Promise<void> {
  const isTerminal = Deno.stdout.isTerminal();
  while (true) {
    const text = `${new Date().toLocaleTimeString("en-GB")}\n\n${draw()}`;
    if (!printResult(isTerminal ? redraw(text) : `${text}\n`)) return;
    await sleep(intervalMs);
  }
}

/**
 * `text` with the control sequences (ECMA-48) that write it over the previous picture: home, then
 * clear to the end of each line and of the screen. Clearing everything first would flicker.
 */
function redraw(text: string): string {
  const { rows } = Deno.consoleSize();
  // The last line stays free for the cursor. A terminal without a size says 0.
  const lines = text.split("\n").slice(0, rows > 1 ? rows - 2 : undefined);
  return `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join("")}\x1b[J`;
}
