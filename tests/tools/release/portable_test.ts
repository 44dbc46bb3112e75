/** The head of the portable executable, for every target, with a script in Deno's place. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Process } from "../../../system/process.ts";
import type { Bundle } from "../../../tools/executable/bundle.ts";
import { buildPortable } from "../../../tools/executable/portable.ts";
import { TARGETS } from "../../../tools/release/targets.ts";
import { namesIn } from "../../e2e/executable.ts";

/** What `sh` may be: dash, macOS's bash, and others. */
const SHELLS = [["sh"], ["bash", "--posix"], ["dash"], ["busybox", "sh"], ["mksh"], [
  "zsh",
  "--emulate",
  "sh",
]];

const DENO = '#!/bin/sh\nprintf "%s|" "$@"\n';
const NO_DENO = "\x7fELF of another machine";

/** What is in the bundle, sorted. */
const FILES = ["echo_worker.js", "ktcp.js", "part-1.js"];

/** Words that a shell would take apart, or for something else. */
const WORDS = ["a b", "*", "two words\nand a line", " x ", "$HOME", "'", '"', "\\", ""];

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
    for (const name of FILES) Deno.writeTextFileSync(`${folder}/${name}`, `// ${name}\n`);
    const bundle = { folder, entry: "ktcp.js", files: FILES } as Bundle;
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
        const command = [shell, ...args, path, ...WORDS];
        const { code, out, err } = await new Process(command, { env, clearEnv: true }).ended;
        assert.deepEqual([code, err], [0, ""]);
        assert.match(out, /^run\|--allow-all\|.+\/app\/ktcp\.js\|/);
        assert.ok(out.endsWith(`/app/ktcp.js|${WORDS.join("|")}|`), out);
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

Deno.test("portable executable: what a cleaner of caches left incomplete is unpacked anew", async () => {
  await withExecutable("a-machine", DENO, async (path, env) => {
    const started = async (what: string) => {
      const { code, out, err } = await new Process([path, "word"], { env, clearEnv: true }).ended;
      assert.deepEqual([code, err], [0, ""], what);
      assert.match(out, /\|word\|$/, what);
    };
    await started("the first time");
    const cache = `${env.XDG_CACHE_HOME}/ktcp`;
    const [program, ...others] = namesIn(cache);
    assert.deepEqual(others, []);
    const file = (name: string) => `${cache}/${program}/${name}`;
    const damages: [what: string, damage: () => void][] = [
      ["deno cut off", () => Deno.truncateSync(file("deno"), DENO.length - 1)],
      ["deno empty", () => Deno.truncateSync(file("deno"), 0)],
      ["a module cut off", () => Deno.truncateSync(file("app/ktcp.js"), 10)],
      ["a module missing", () => Deno.removeSync(file("app/part-1.js"))],
      ["a Worker missing", () => Deno.removeSync(file("app/echo_worker.js"))],
      ["app missing", () => Deno.removeSync(file("app"), { recursive: true })],
    ];
    for (const [what, damage] of damages) {
      damage();
      await started(what);
      assert.deepEqual(namesIn(file("app")), FILES, what);
      assert.deepEqual(namesIn(cache), [program], what);
      const names = ["app", "deno", "deno_dir", "seen", "started"];
      assert.deepEqual(namesIn(`${cache}/${program}`), names, what);
    }
  });
});

for (const cache of ["cold", "warm"]) {
  Deno.test(`portable executable: a truncated or tampered copy is refused (${cache} cache)`, async () => {
    await withExecutable("a-machine", DENO, async (path, env) => {
      if (cache === "warm") await new Process([path], { env, clearEnv: true }).ended;
      const bytes = Deno.readFileSync(path);
      const bad = `${path}-bad`;
      const refused = async (content: Uint8Array, why: RegExp) => {
        Deno.writeFileSync(bad, content, { mode: 0o755 });
        const { code, out, err } = await new Process([bad], { env, clearEnv: true }).ended;
        assert.equal(out, "");
        assert.match(err, why);
        assert.equal(code, 1);
      };
      const file = Buffer.from(bytes);
      const afterHead = file.indexOf("\n\x1f\x8b", 0, "latin1") + 1;
      assert.ok(afterHead > 0, "the archive begins with gzip's signature");
      await refused(bytes.subarray(0, bytes.length - 1), /^ktcp: .* is truncated or damaged: /);
      await refused(bytes.subarray(0, afterHead + 100), /^ktcp: .* is truncated or damaged: /);
      const flipped = bytes.slice();
      flipped[(afterHead + bytes.length) >> 1] ^= 1;
      await refused(flipped, /^ktcp: .* is damaged: its SHA-256 /);
      const commented = bytes.slice();
      commented[file.indexOf("# At the first")] = 32;
      await refused(commented, /^ktcp: .* is damaged: |not found/);
    });
  });
}
