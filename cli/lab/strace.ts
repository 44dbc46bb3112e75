/** Counts the system calls of a process with strace(1). */
import { messageOf } from "../../system/message_of.ts";
import { Process } from "../../system/process.ts";

/**
 * Runs `load` while the calls of process `pid` and its threads are counted.
 *
 * @returns calls by name, or why they cannot be counted
 */
export async function countSyscalls(
  pid: number,
  load: () => Promise<void>,
): Promise<Map<string, number> | string> {
  const file = await Deno.makeTempFile({ prefix: "ktcp-lab-" });
  try {
    const strace = new Process(["strace", "-f", "-c", "-o", file, "-p", `${pid}`]);
    try {
      if (await strace.untilErr(/attached/) === null) {
        return strace.err.trim().split("\n").at(-1) || "strace ended at once";
      }
      await load();
    } finally {
      await strace.stop("SIGINT");
    }
    const calls = parseStrace(await Deno.readTextFile(file));
    return calls.size > 0 ? calls : "strace counted none";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "strace is not installed";
    if (error instanceof Deno.errors.PermissionDenied) return messageOf(error);
    throw error;
  } finally {
    await Deno.remove(file);
  }
}

/** Reads the table of `strace -c`: share, seconds, µs a call, calls, perhaps errors, name. */
export function parseStrace(text: string): Map<string, number> {
  const rows = text.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/gm);
  const calls = [...rows].map(([, count, name]) => [name, Number(count)] as const);
  return new Map(calls.filter(([name]) => name !== "total"));
}
