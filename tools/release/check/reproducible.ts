/** Makes the release again, elsewhere: the same commit gives the same bytes. */
import { DIST, ROOT } from "../../shared/repository.ts";
import { type Check, output, Skipped } from "./check.ts";

export const reproducible: Check = {
  name: "made again in another folder",
  async run({ release, folder }) {
    if (await output(["git", "status", "--porcelain"], { cwd: ROOT }) !== "") {
      throw new Skipped("files differ from the commit");
    }
    // At another depth, so that paths relative to other folders differ, too.
    const clone = `${folder}/one/more/ktcp`;
    await output(["git", "clone", "--quiet", ROOT, clone]);
    Deno.mkdirSync(`${clone}/dist`);
    Deno.symlinkSync(`${DIST}/deno`, `${clone}/dist/deno`);
    await output([Deno.execPath(), "task", "release"], { cwd: clone });
    const [first, second] = [release, `${clone}/dist/release`].map((made) =>
      Deno.readTextFileSync(`${made}/SHA256SUMS`).trim().split("\n")
    );
    const differing = first.filter((line) => !second.includes(line));
    if (differing.length > 0) throw new Error(`these differ:\n${differing.join("\n")}`);
    return `${first.length} files have the same bytes`;
  },
};

export const checksums: Check = {
  name: "SHA256SUMS",
  async run({ release }) {
    const lines = await output(["sha256sum", "-c", "SHA256SUMS"], { cwd: release });
    const files = [...Deno.readDirSync(release)].length - 1;
    if (lines.split("\n").length !== files) throw new Error(`it is not over all ${files} files`);
    return `${files} files`;
  },
};
