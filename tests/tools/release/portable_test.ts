/** The head of the portable executable, for every target, with a script in Deno's place. */
import assert from "node:assert/strict";
import { Process } from "../../../system/process.ts";
import type { Bundle } from "../../../tools/executable/bundle.ts";
import { buildPortable } from "../../../tools/executable/portable.ts";
import { TARGETS } from "../../../tools/release/targets.ts";

/** What `sh` may be: dash, macOS's bash, and others. */
const SHELLS = [["sh"], ["bash", "--posix"], ["dash"], ["busybox", "sh"], ["mksh"], [
  "zsh",
  "--emulate",
  "sh",
]];

const DENO = '#!/bin/sh\nprintf "%s|" "$@"\n';
const NO_DENO = "\x7fELF of another machine";

function isInstalled(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).outputSync().success;
}

async function withExecutable(
  target: string,
  deno: string,
  run: (path: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/ktcp.js`, "");
    const bundle = { folder, entry: "ktcp.js", files: ["ktcp.js"] } as Bundle;
    const parts = { version: "9.8.7", bundle, deno: new TextEncoder().encode(deno), target };
    const bytes = await buildPortable(parts);
    assert.deepEqual(await buildPortable(parts), bytes, "equal parts give equal bytes");
    Deno.writeFileSync(`${folder}/ktcp`, bytes, { mode: 0o755 });
    await run(`${folder}/ktcp`, { XDG_CACHE_HOME: `${folder}/cache`, PATH: Deno.env.get("PATH")! });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

for (const { name } of TARGETS) {
  Deno.test(`portable executable for ${name}: a wrong machine is named`, async () => {
    await withExecutable(name, NO_DENO, async (path, env) => {
      const { code, out, err } = await new Process([path], { env, clearEnv: true }).ended;
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, new RegExp(`this is not a machine for ${name}\n$`));
    });
  });
}

for (const [shell, ...args] of SHELLS) {
  const ignore = !isInstalled(shell);
  const note = ignore ? " (skipped: not installed)" : "";
  Deno.test(`portable executable by ${shell}${note}`, { ignore }, async () => {
    await withExecutable("a-machine", DENO, async (path, env) => {
      for (let start = 0; start < 2; start++) {
        const command = [shell, ...args, path, "a b", "*"];
        const { code, out, err } = await new Process(command, { env, clearEnv: true }).ended;
        assert.deepEqual([code, err], [0, ""]);
        assert.match(out, /^run\|--allow-all\|.+\/app\/ktcp\.js\|a b\|\*\|$/);
      }
    });
  });
}

Deno.test("head.sh takes no option that only GNU's tools know", () => {
  const head = Deno.readTextFileSync(
    new URL("../../../tools/executable/head.sh", import.meta.url),
  );
  const code = head.replaceAll(/^\s*#.*$/gm, "").replaceAll(/"[^"\n]*"/g, '""');
  const long = [...code.matchAll(/\s(--[a-z][\w-]*)/g)].map(([, option]) => option);
  // Deno is asked for its version.
  assert.deepEqual(long, ["--version"]);
});
