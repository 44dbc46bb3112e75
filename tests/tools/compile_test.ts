/** `deno compile` as far as it goes without its stub: with the `deno` in use in the stub's place. */
import assert from "node:assert/strict";
import { findWorkers } from "../../tools/executable/workers.ts";

const ROOT = new URL("../../", import.meta.url);

async function compile(env: Record<string, string>, output: string) {
  const result = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "tools/compile.ts", "--output", output],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: result.code, stdout: text(result.stdout), stderr: text(result.stderr) };
}

Deno.test("compile with a DENORT_BIN finishes and embeds every Worker", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    const { code, stdout, stderr } = await compile({ DENORT_BIN: Deno.execPath() }, `${dir}/ktcp`);
    assert.equal(code, 0, stderr);
    const embedded = stdout.split("Embedded Files")[1].split("Files:")[0];
    const names = [...embedded.matchAll(/[├└]\S* ([^\s(]+)/g)].map((match) => match[1]);
    const workers = findWorkers().map((path) => path.split("/").at(-1)!.replace(/ts$/, "js"));
    for (const name of ["ktcp.js", ...workers]) {
      assert.ok(names.includes(name), `${name} is among ${names}`);
    }
    assert.match(stdout, /MB, deno compile executable \(DENORT_BIN is /);
    // It is no denort, and the build notices that.
    assert.match(stdout, /It does not run as ktcp: its --version says 'deno /);
    assert.ok(Deno.statSync(`${dir}/ktcp`).size > Deno.statSync(Deno.execPath()).size);
    assert.deepEqual([...Deno.readDirSync(dir)].map(({ name }) => name), ["ktcp"]);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
