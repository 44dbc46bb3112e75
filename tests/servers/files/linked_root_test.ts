/** `ktcp http --dir` on a link that is re-pointed while it is served, as deployments do. */
import assert from "node:assert/strict";
import { DEFAULT_LIMITS } from "../../../core/mod.ts";
import { serve } from "../../../servers/mod.ts";
import { launchServer } from "../../support/launch.ts";
import { FileClient } from "../../support/file_server.ts";
import { FEW_SETUPS, forEachSetup, serverOptions } from "../../support/setups.ts";
import { until } from "../../support/until.ts";
import { withTree } from "./tree.ts";

/** Two releases; `escape` leads out of each of them, in `v1/sub` it does not lead out of `v1`. */
const RELEASES = {
  "v1/a.txt": "one",
  "v1/sub/a.txt": "sub",
  "v1/secret.txt": "secret",
  "v2/a.txt": "two",
  "v2/b/new.txt": "new",
  "v2/large.bin": new Uint8Array(2 << 20),
};

/** Points the link `path` to `target`, as `ln -sfn` and git-sync do: at once. */
function point(path: string, target: string): void {
  Deno.symlinkSync(target, `${path}.new`);
  Deno.renameSync(`${path}.new`, path);
}

/** Where the link leads, one after the other; what is asked there, and what the answer is. */
async function checkSwitches(base: string, client: FileClient): Promise<void> {
  const link = `${base}/current`;
  const answers = async (target: string, status: number, content?: string) => {
    await until(async () => {
      const answer = await client.ask(target);
      return answer.status === status && (content === undefined || answer.body === content);
    }, `${target} is answered with ${status} ${content ?? ""}`);
  };
  await answers("/a.txt", 200, "one");
  point(link, "v2");
  await answers("/a.txt", 200, "two");
  await answers("/b/new.txt", 200, "new");
  await answers("/large.bin", 200);
  assert.match((await client.ask("/")).body, /new|large\.bin/);
  // Into what was served before: what was inside then is outside now.
  point(link, "v1/sub");
  await answers("/a.txt", 200, "sub");
  assert.equal((await client.ask("/escape")).status, 404);
  // Gone, and back.
  Deno.removeSync(link);
  await answers("/a.txt", 404);
  point(link, "v2");
  Deno.removeSync(`${base}/v1`, { recursive: true });
  await answers("/a.txt", 200, "two");
}

forEachSetup(FEW_SETUPS, (setup) => {
  Deno.test(`${setup.label}: ktcp http --dir follows its link when it is re-pointed`, () =>
    withTree(RELEASES, async (base) => {
      Deno.symlinkSync("v1", `${base}/current`);
      Deno.symlinkSync("../secret.txt", `${base}/v1/sub/escape`);
      const server = await serve({
        ...serverOptions(setup),
        maxActive: 4,
        service: {
          kind: "http",
          content: "dir",
          directory: { root: `${base}/current` },
          limits: DEFAULT_LIMITS,
        },
      });
      try {
        await using client = await FileClient.connect({ port: server.port });
        await checkSwitches(base, client);
      } finally {
        await server.stop(1000);
      }
    }));
});

for (const dir of ["current", "./current/.", "v2/../current"]) {
  Deno.test(`ktcp http --dir ${dir} follows the link`, () =>
    withTree(RELEASES, async (base) => {
      Deno.symlinkSync("v1", `${base}/current`);
      Deno.symlinkSync("../secret.txt", `${base}/v1/sub/escape`);
      await using server = await launchServer(["http", "--dir", `${base}/${dir}`]);
      await using client = await FileClient.connect({ port: server.port });
      await checkSwitches(base, client);
    }));
}
