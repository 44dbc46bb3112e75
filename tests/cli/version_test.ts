import assert from "node:assert/strict";
import { commit, VERSION, versionText } from "../../cli/shared/version.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("versionText() names the version, the commit and Deno's version", () => {
  assert.equal(versionText(), `ktcp ${VERSION} (commit ${commit()}, deno ${Deno.version.deno})`);
});

Deno.test("commit() prefers what a build has stated", () => {
  const global = globalThis as { ktcpBuild?: { commit: string } };
  global.ktcpBuild = { commit: "abc" };
  try {
    assert.equal(commit(), "abc");
  } finally {
    delete global.ktcpBuild;
  }
});

Deno.test("--version works on source without git, or inside somebody else's repository", async () => {
  const dir = Deno.makeTempDirSync();
  try {
    new Deno.Command("git", { args: ["init", "--quiet", dir] }).outputSync();
    Deno.mkdirSync(`${dir}/ktcp/cli/shared`, { recursive: true });
    for (const file of ["deno.json", "cli/shared/version.ts"]) {
      Deno.copyFileSync(new URL(file, ROOT), `${dir}/ktcp/${file}`);
    }
    Deno.writeTextFileSync(
      `${dir}/ktcp/print.ts`,
      `import { commit } from "./cli/shared/version.ts"; console.log(commit());`,
    );
    for (const PATH of [Deno.env.get("PATH")!, "/nonexistent"]) {
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-lock", "print.ts"],
        cwd: `${dir}/ktcp`,
        env: { PATH },
      }).output();
      assert.equal(new TextDecoder().decode(stdout), "unknown\n", new TextDecoder().decode(stderr));
    }
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
});
