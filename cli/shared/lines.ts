/** Text that is read line by line, so that it may be larger than memory. */
import { messageOf } from "../../system/message_of.ts";
import { UsageError } from "./failure.ts";

/** A file with a longer line is not taken for a text file. */
const MAX_LINE_CHARS = 1 << 20;

/**
 * The lines of the file at `path`, or of stdin for `-`, without their ends (LF or CRLF).
 *
 * @param option whose value `path` is, for messages
 * @throws {UsageError} when it cannot be read, or has lines of more than a million characters
 */
export async function* linesOf(option: string, path: string): AsyncGenerator<string> {
  const wrong = (why: string) => new UsageError(`Cannot read --${option} '${path}': ${why}`);
  let rest = "";
  try {
    const { readable } = path === "-" ? Deno.stdin : await Deno.open(path);
    for await (const piece of readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
      if (rest.length > MAX_LINE_CHARS) break;
    }
  } catch (error) {
    throw wrong(messageOf(error));
  }
  if (rest.length > MAX_LINE_CHARS) throw wrong("it has lines of more than a million characters");
  if (rest !== "") yield rest;
}
