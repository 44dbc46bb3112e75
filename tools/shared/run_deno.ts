/** Runs the `deno` in use on the repository. */
import { ROOT } from "./paths.ts";

/** What a run printed and how it ended. */
export interface DenoRun {
  success: boolean;
  /** stdout, then stderr, without colour. */
  output: string;
}

/** Runs `deno ...args` at the repository's root. */
export async function runDeno(...args: string[]): Promise<DenoRun> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { success, output: decoder.decode(stdout) + decoder.decode(stderr) };
}

/** The folders that `deno info` names. */
export async function denoFolders(): Promise<{ denoDir: string; npmCache: string }> {
  return JSON.parse((await runDeno("info", "--json")).output);
}
