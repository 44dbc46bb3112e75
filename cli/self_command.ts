/** How ktcp starts itself again, as another process. */
import { fileURLToPath } from "node:url";

/** A program and the arguments that come before ktcp's own. */
export interface SelfCommand {
  path: string;
  args: string[];
}

/**
 * The command line that starts ktcp: what the environment variable KTCP_EXECUTABLE names, this
 * executable, or from source `deno run` with the entry of this very source.
 */
export function selfCommand(): SelfCommand {
  const named = Deno.env.get("KTCP_EXECUTABLE");
  if (named) return { path: named, args: [] };
  if (Deno.build.standalone) return { path: Deno.execPath(), args: [] };
  const entry = fileURLToPath(new URL("./main.ts", import.meta.url));
  return { path: Deno.execPath(), args: ["run", "-A", entry] };
}
