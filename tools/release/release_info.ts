/** What a release states about itself: from `deno.json` and from git. */
import { commit, VERSION } from "../../cli/shared/version.ts";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../shared/repository.ts";

/** Facts that packages state. */
export interface ReleaseInfo {
  version: string;
  /** The commit, `-dirty` when files differ from it. */
  commit: string;
  /** Time of everything in the packages: the commit's. */
  date: Date;
  /** One sentence without a period. */
  description: string;
  license: string;
}

/**
 * Returns the facts about the work tree.
 *
 * @throws if its date is unknown: without git, SOURCE_DATE_EPOCH has to state it, in seconds
 */
export function releaseInfo(): ReleaseInfo {
  const { description, license } = config;
  return { version: VERSION, commit: commit(), date: sourceDate(), description, license };
}

function sourceDate(): Date {
  const given = Deno.env.get("SOURCE_DATE_EPOCH") ?? commitTime();
  const seconds = Number(given);
  if (!/^\d+$/.test(given)) {
    throw new Error(`SOURCE_DATE_EPOCH is '${given}': state the release's time in seconds`);
  }
  return new Date(seconds * 1000);
}

function commitTime(): string {
  try {
    const args = ["log", "-1", "--format=%ct"];
    const { stdout } = new Deno.Command("git", { args, cwd: ROOT, stderr: "null" }).outputSync();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "";
  }
}
