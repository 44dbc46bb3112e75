/** How ktcp starts itself again, as another process. */
import { fileURLToPath } from "node:url";
import type { SelfCommand } from "../../bench/processes/own_process.ts";
import { RUN_FLAGS, SEALED_FLAGS } from "./deno_flags.ts";

/**
 * The command line that starts ktcp: what the environment variable KTCP_EXECUTABLE names; else this
 * executable, in the way in which it was started itself; else `deno run` on this very source.
 */
export function selfCommand(): SelfCommand {
  const named = Deno.env.get("KTCP_EXECUTABLE");
  if (named) return { path: named, args: [] };
  const path = Deno.execPath();
  if (Deno.build.standalone) return { path, args: [] };
  // A bundle run by a Deno of its own; the entry says what its build knew.
  if ("ktcpBuild" in globalThis) {
    return { path, args: ["run", ...RUN_FLAGS, ...SEALED_FLAGS, fileURLToPath(Deno.mainModule)] };
  }
  // Not an import, which would be a cycle: the entry imports this module by way of the command table.
  const entry = import.meta.resolve("../main.ts");
  const isFile = entry.startsWith("file:");
  return { path, args: ["run", ...RUN_FLAGS, isFile ? fileURLToPath(entry) : entry] };
}
