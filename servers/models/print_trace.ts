/** Prints traces, for the process that started the server. */
import type { ConnectionTrace } from "../net/trace/step.ts";

/** Writes `trace` to stdout, as a line of JSON. */
export function printTrace(trace: ConnectionTrace): void {
  const line = new TextEncoder().encode(`${JSON.stringify(trace)}\n`);
  for (let at = 0; at < line.length;) at += Deno.stdout.writeSync(line.subarray(at));
}
