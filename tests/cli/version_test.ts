import assert from "node:assert/strict";
import { type Build, commit, commitDate, VERSION, versionText } from "../../cli/shared/version.ts";
import { versionDetails } from "../../cli/shared/version_details.ts";
import { runMain } from "../support/run_main.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("versionText() names the version, the commit and Deno's version", () => {
  assert.equal(versionText(), `ktcp ${VERSION} (commit ${commit()}, deno ${Deno.version.deno})`);
});

/** Runs `test` as if ktcp was built. */
function built(test: () => void): void {
  const global = globalThis as { ktcpBuild?: Build };
  global.ktcpBuild = {
    commit: "abc",
    date: "2026-01-31",
    parts: [
      { name: "commander", version: "15.1.0", licence: "MIT" },
      { name: "@scope/a-package", version: "1.0.0", licence: "BSD-3-Clause" },
    ],
  };
  try {
    test();
  } finally {
    delete global.ktcpBuild;
  }
}

Deno.test("commit() and commitDate() prefer what a build has stated", () => {
  built(() => assert.deepEqual([commit(), commitDate()], ["abc", "2026-01-31"]));
});

Deno.test("versionDetails() of a build lists the licences of what is inside", () => {
  built(() => {
    const text = versionDetails(80);
    assert.match(text, /^ {2}commit {3}abc of 2026-01-31$/m);
    assert.match(text, /^ {2}built {4}as a bundle that deno runs, in one file with it$/m);
    assert.match(text, new RegExp(`^ {2}runtime {2}deno ${Deno.version.deno}, V8 `, "m"));
    const [, list] = text.split("Licences of what is inside:\n");
    const rows = list.split("\n\n")[0].split("\n").map((row) => row.trim().split(/ {2,}/));
    assert.deepEqual(rows[0], [`ktcp ${VERSION}`, "MIT"]);
    assert.deepEqual(rows[1], [`deno ${Deno.version.deno}`, "MIT"]);
    assert.deepEqual(rows.slice(3), [
      ["commander 15.1.0", "MIT"],
      ["@scope/a-package 1.0.0", "BSD-3-Clause"],
    ]);
  });
});

Deno.test("ktcp --version --verbose from source says so, in any order of the options", async () => {
  for (const args of [["--version", "--verbose"], ["--verbose", "-V"]]) {
    const { code, out, err } = await runMain(args);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, new RegExp(`^ktcp ${VERSION}\n`));
    assert.match(out, /^ {2}built {4}no: it runs from source$/m);
    assert.match(out, /'deno task release'\s+collects\s+their\s+licences\.$/m);
  }
});

Deno.test("ktcp --version in front of a command shows the version, and runs nothing", async () => {
  const { code, out } = await runMain(["--version", "doctor"]);
  assert.deepEqual([code, out], [0, `${versionText()}\n`]);
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
