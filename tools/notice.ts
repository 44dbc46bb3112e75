/** Writes `NOTICE`: the licences of what a release contains. */
import { bundle } from "./executable/bundle.ts";
import { licensed, notice } from "./executable/licences.ts";
import { DENO_VERSION } from "./release/targets.ts";
import { DIST, ROOT } from "./shared/repository.ts";

const app = await bundle(`${DIST}/notice.${Deno.pid}`, { commit: "", date: "" });
try {
  Deno.writeTextFileSync(`${ROOT}/NOTICE`, notice(await licensed(app.packages, DENO_VERSION)));
  console.log(`${ROOT}/NOTICE: Deno and ${app.packages.length} npm packages`);
} finally {
  Deno.removeSync(app.folder, { recursive: true });
}
