/** The repository: where it is, and `deno` run on it. */
import { fileURLToPath } from "node:url";

/** The repository's root, without a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** Everything built goes below this folder, apart from `./ktcp` itself. */
export const DIST = `${ROOT}/dist`;

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
