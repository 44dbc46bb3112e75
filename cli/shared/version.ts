import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

/** The version of ktcp, as `--version` and every JSON document state it. */
export const VERSION: string = config.version;

/** The commit that this is, `-dirty` when files differ from it, `unknown` without git. */
export function commit(): string {
  // An executable's entry states what its build knew.
  const { ktcpBuild } = globalThis as { ktcpBuild?: { commit: string } };
  return ktcpBuild?.commit ?? commitOfSource();
}

/** The text that `--version` prints. */
export function versionText(): string {
  return `ktcp ${VERSION} (commit ${commit()}, deno ${Deno.version.deno})`;
}

function commitOfSource(): string {
  try {
    const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
    const { success, stdout } = new Deno.Command("git", {
      args: ["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
      cwd: root,
      // A repository that merely holds this folder somewhere is not ktcp's.
      env: { GIT_CEILING_DIRECTORIES: dirname(root) },
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : "unknown";
  } catch {
    return "unknown";
  }
}
