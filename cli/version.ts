import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };

/** The version of ktcp, as `--version` and every JSON document state it. */
export const VERSION: string = config.version;

/** What an executable's build has stated about itself; not there when run from source. */
const build = (globalThis as { ktcpBuild?: { commit: string } }).ktcpBuild;

/** The commit that this is, `-dirty` when files differ from it, `unknown` without git. */
export function commit(): string {
  return build?.commit ?? commitOfSource();
}

/** The text that `--version` prints. */
export function versionText(): string {
  return `ktcp ${VERSION} (commit ${commit()}, deno ${Deno.version.deno})`;
}

function commitOfSource(): string {
  try {
    const root = dirname(dirname(fileURLToPath(import.meta.url)));
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
