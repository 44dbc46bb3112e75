/** Runs ktcp itself as another process: its servers and its loads. */
import { messageOf } from "../../system/message_of.ts";
import { PARENT_VARIABLE } from "../../system/linux/parent_death.ts";
import { Process } from "../../system/process.ts";

/**
 * How ktcp is started: a program, and the arguments that come before ktcp's own. Only the command
 * line knows it.
 */
export interface SelfCommand {
  path: string;
  args: readonly string[];
}

/**
 * A process could not be started. The message says what was attempted, why it failed, and what to
 * do.
 */
export class StartFailure extends Error {
  override name = "StartFailure";
}

/**
 * Characters kept of a process's output: enough for its summary, or the reason why it does not
 * start.
 */
export const KEEP_CHARS = 4096;

/**
 * Starts ktcp with `args`. It ends with this process, even if this one is killed.
 *
 * @param onJson called with the object of each line of stdout that is a JSON object
 * @throws {StartFailure} when there is no such program
 */
export function startOwnProcess(
  self: SelfCommand,
  args: readonly string[],
  onJson?: (value: Record<string, unknown>) => void,
): Process {
  try {
    return new Process([self.path, ...self.args, ...args], {
      keepChars: KEEP_CHARS,
      env: { [PARENT_VARIABLE]: `${Deno.pid}` },
      onLine: onJson && ((line) => {
        const value = parseObject(line);
        if (value !== null) onJson(value);
      }),
    });
  } catch (error) {
    const reason = messageOf(error);
    throw new StartFailure(
      `Cannot start '${self.path}' (${reason}); KTCP_EXECUTABLE can name ktcp's program`,
    );
  }
}

/** The object in `line`; null for other text, and for truncated lines. */
function parseObject(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The last line of `text`, which says how a process ended. */
export function lastLineOf(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
