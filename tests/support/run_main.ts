/**
 * Runs the command line in this process: fast enough for tables of usage errors.
 */
import { main } from "../../cli/main.ts";
import type { Outcome } from "./launch.ts";

/** Runs `ktcp` with `args` and collects what it writes. */
export async function runMain(args: readonly string[]): Promise<Outcome> {
  const decoder = new TextDecoder();
  const outcome = { code: 0, out: "", err: "" };
  const { stdout, stderr } = Deno;
  const writers = [stdout.writeSync, stderr.writeSync] as const;
  stdout.writeSync = (bytes) => (outcome.out += decoder.decode(bytes), bytes.length);
  stderr.writeSync = (bytes) => (outcome.err += decoder.decode(bytes), bytes.length);
  const exitCode = Deno.exitCode;
  try {
    outcome.code = await main([...args]);
  } finally {
    [stdout.writeSync, stderr.writeSync] = writers;
    Deno.exitCode = exitCode;
  }
  return outcome;
}
