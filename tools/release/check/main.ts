/**
 * Installs what is in `dist/release` in every way that this machine allows, and says what it skips, and
 * why. Arguments name checks: `deno task release:check npx dpkg`.
 */
import { messageOf } from "../../../system/message_of.ts";
import { DIST } from "../../shared/repository.ts";
import { type Check, type CheckContext, Skipped } from "./check.ts";
import { container } from "./container.ts";
import { dpkg, lintian } from "./debian.ts";
import { archive, arm64, executable } from "./executables.ts";
import { jsr } from "./jsr.ts";
import { npmPublish, npx } from "./npm.ts";
import { checksums, reproducible } from "./reproducible.ts";

const CHECKS: readonly Check[] = [
  ...[checksums, executable, archive, arm64, npx, npmPublish, jsr, lintian, dpkg, container],
  reproducible,
];

const RELEASE = `${DIST}/release`;

/** The file of the release whose name ends with `suffix`. */
function file(suffix: string): string {
  for (const { name } of Deno.readDirSync(RELEASE)) {
    if (name.endsWith(suffix)) return `${RELEASE}/${name}`;
  }
  throw new Error(`${RELEASE} has no file …${suffix}: run 'deno task release' first`);
}

/** Runs `check` and says how it went. @returns whether nothing is wrong */
async function report({ name, run }: Check): Promise<boolean> {
  const folder = Deno.makeTempDirSync({ prefix: "ktcp-release-" });
  // Other users have to be able to read it.
  Deno.chmodSync(folder, 0o755);
  const beginMs = performance.now();
  const say = (verdict: string, text: string) => {
    const seconds = ((performance.now() - beginMs) / 1000).toFixed(1);
    console.log(`${verdict.padEnd(8)}${name} (${seconds} s): ${text}`);
  };
  try {
    const context: CheckContext = { release: RELEASE, folder, file };
    say("ok", await run(context));
    return true;
  } catch (error) {
    if (error instanceof Skipped) say("skipped", error.message);
    else say("FAILED", messageOf(error));
    return error instanceof Skipped;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const wanted = CHECKS.filter(({ name }) =>
  Deno.args.length === 0 || Deno.args.some((word) => name.includes(word))
);
let failed = 0;
for (const check of wanted) if (!await report(check)) failed++;
console.log(`${wanted.length - failed} of ${wanted.length} without a fault`);
Deno.exit(failed === 0 ? 0 : 1);
