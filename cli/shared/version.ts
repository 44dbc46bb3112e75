import config from "../../deno.json" with { type: "json" };

/** The version of ktcp, as `--version` and every JSON document state it. */
export const VERSION: string = config.version;

/** What is inside an executable beside ktcp: its name, version and licence (SPDX). */
export interface Part {
  name: string;
  version: string;
  licence: string;
}

/** What an executable's entry states of its build, in `globalThis.ktcpBuild`. */
export interface Build {
  commit: string;
  /** When the commit was made, `2026-01-31`; empty where that is not known. */
  date: string;
  parts: Part[];
}

/** What is known of the build; undefined when ktcp runs from source. */
export function build(): Build | undefined {
  return (globalThis as { ktcpBuild?: Build }).ktcpBuild;
}

/** The commit of this ktcp, with `-dirty` when files differ from it; `unknown` without git. */
export function commit(): string {
  return build()?.commit ??
    (git("describe", "--always", "--dirty", "--abbrev=12", "--exclude=*") || "unknown");
}

/** When that commit was made, `2026-01-31`; empty without git. */
export function commitDate(): string {
  return build()?.date ?? git("log", "-1", "--format=%cs");
}

/** The text that `--version` prints. */
export function versionText(): string {
  return `ktcp ${VERSION} (commit ${commit()}, deno ${Deno.version.deno})`;
}

/** What git prints about the repository that this file is in; empty where it cannot tell. */
function git(...args: string[]): string {
  try {
    const [root, above] = ["../..", "../../.."].map((path) => new URL(path, import.meta.url));
    const { success, stdout } = new Deno.Command("git", {
      args,
      cwd: root,
      // A repository that merely holds this folder somewhere is not ktcp's.
      env: { GIT_CEILING_DIRECTORIES: decodeURIComponent(above.pathname).replace(/(?<=.)\/$/, "") },
      stdout: "piped",
      stderr: "null",
    }).outputSync();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch {
    return "";
  }
}
