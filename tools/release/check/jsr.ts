/** Publishes the package for JSR without sending it, and runs what it exports. */
import { ROOT } from "../../shared/repository.ts";
import { type Check, isVersion, output, serves } from "./check.ts";

/** What a user of the package may write: a program that starts a server in it and stops it. */
const PROGRAM = `
import { DEFAULT_LIMITS, serve } from "./servers/mod.ts";
import { renderPng } from "./bench/report/png.ts";
const server = await serve({
  model: "per-core",
  service: { kind: "http", content: "hello", limits: DEFAULT_LIMITS },
});
const response = await fetch(\`http://\${server.address}/\`);
console.log(response.status, await response.text());
await server.stop(0);
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>k</text></svg>';
console.log((await renderPng(svg)).length > 0);
`;

export const jsr: Check = {
  name: "jsr",
  async run({ file, folder }) {
    await output(["tar", "-xzf", file("-jsr.tar.gz"), "--strip-components=1", "-C", folder]);
    // Uses the versions that the release was tested with, so nothing is fetched that is here already.
    Deno.copyFileSync(`${ROOT}/deno.lock`, `${folder}/deno.lock`);
    const options = { cwd: folder, env: { NO_COLOR: "1" } };
    await output([Deno.execPath(), "publish", "--dry-run", "--allow-dirty"], options);
    const run = [Deno.execPath(), "run", "--allow-all", "--no-prompt"];
    const version = isVersion(await output([...run, "cli/main.ts", "--version"], options));
    await serves([...run, "cli/main.ts", "http", "--port", "0"], options);
    Deno.writeTextFileSync(`${folder}/program.ts`, PROGRAM);
    const printed = await output([...run, "program.ts"], options);
    if (!/^200 Hello World!\s+true$/.test(printed)) throw new Error(`It prints '${printed}'`);
    return `${version}; deno publish --dry-run has no objection`;
  },
};
