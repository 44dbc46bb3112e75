/** Makes the Containerfile of a release, to be built in the folder of the release. */
import { RUN_FLAGS, SEALED_FLAGS } from "../../cli/shared/deno_flags.ts";
import { fill } from "../executable/template.ts";
import { ROOT } from "../shared/repository.ts";
import { debianVersion } from "./debian.ts";
import type { ReleaseInfo } from "./release_info.ts";

/** Returns the text. `entry` is the bundle's. */
export function containerfile(info: ReleaseInfo, entry: string): string {
  // There is no shell in the image, so the entry point does what the launcher does.
  const program = ["/usr/lib/ktcp/deno", "run", ...RUN_FLAGS, ...SEALED_FLAGS];
  return fill(Deno.readTextFileSync(`${ROOT}/packaging/Containerfile`), {
    VERSION: info.version,
    DEBIAN_VERSION: debianVersion(info),
    ENTRYPOINT: [...program, `/usr/lib/ktcp/app/${entry}`].map((arg) => `"${arg}"`).join(", "),
  });
}
