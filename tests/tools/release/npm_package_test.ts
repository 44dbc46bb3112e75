/** The program of the npm package, with a script in Deno's place. */
import assert from "node:assert/strict";
import { RUN_FLAGS, SEALED_FLAGS } from "../../../cli/shared/deno_flags.ts";
import { Process } from "../../../system/process.ts";
import { npmProgram, packageJson } from "../../../tools/release/npm_package.ts";
import { DENO_VERSION } from "../../../tools/release/targets.ts";

/** Prints its arguments and answers signals, as a server does. */
const DENO = `#!/bin/sh
case "$*" in
*" fail "*) exit 7 ;;
*" killed "*) kill -KILL $$ ;;
*" serve "*)
  for signal in HUP INT QUIT TERM USR1 USR2; do trap "echo $signal; exit 0" $signal; done
  echo ready
  while :; do sleep 0.05; done ;;
esac
printf '%s\\n' "DENO_DIR=$DENO_DIR" "$@"
`;

function hasNode(): boolean {
  return new Deno.Command("sh", { args: ["-c", "command -v node"] }).outputSync().success;
}

const options = { ignore: !hasNode() };
const note = options.ignore ? " (skipped: needs node)" : "";

/** An installed package. */
class Installed implements Disposable {
  readonly folder = Deno.realPathSync(Deno.makeTempDirSync());
  readonly #package = `${this.folder}/node_modules/ktcp`;

  constructor(deno = "deno") {
    const dependency = `${this.folder}/node_modules/deno`;
    for (const folder of [this.#package, dependency]) Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(`${this.#package}/ktcp.mjs`, npmProgram("ktcp.js"));
    Deno.writeTextFileSync(`${dependency}/deno`, DENO, { mode: 0o755 });
    const path = JSON.stringify(`${dependency}/${deno}`);
    Deno.writeTextFileSync(`${dependency}/install_api.cjs`, `exports.runInstall = () => ${path};`);
  }

  start(args: string[], env: Record<string, string> = {}, prefix: string[] = []): Process {
    const command = [...prefix, "node", `${this.#package}/ktcp.mjs`, ...args];
    const path = Deno.env.get("PATH")!;
    return new Process(command, {
      env: { PATH: path, ...env },
      clearEnv: true,
      deadlineMs: 20_000,
    });
  }

  get entry(): string {
    return `${this.#package}/app/ktcp.js`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("packageJson() pins Deno and names the manual pages", () => {
  const info = { version: "9.8.7", commit: "", date: new Date(), description: "D", license: "MIT" };
  const json = JSON.parse(packageJson(info, ["man/ktcp.1"]));
  assert.deepEqual(json.dependencies, { deno: DENO_VERSION });
  assert.deepEqual([json.name, json.version, json.license], ["ktcp", "9.8.7", "MIT"]);
  assert.deepEqual([json.bin, json.man], [{ ktcp: "ktcp.mjs" }, ["man/ktcp.1"]]);
});

Deno.test(`ktcp.mjs passes arguments and exit code on${note}`, options, async () => {
  using installed = new Installed();
  const args = ["http", " a\tb ", "*", ""];
  const { code, out, err } = await installed.start(args, { HOME: "/home/x" }).ended;
  assert.equal(err, "");
  assert.equal(code, 0);
  assert.deepEqual(out.split("\n").slice(0, -1), [
    "DENO_DIR=/home/x/.cache/ktcp-deno",
    ...["run", ...RUN_FLAGS, ...SEALED_FLAGS, installed.entry, ...args],
  ]);
  const cached = await installed.start([], { XDG_CACHE_HOME: "/cache" }).ended;
  assert.match(cached.out, /^DENO_DIR=\/cache\/ktcp-deno\n/);
  assert.equal((await installed.start(["fail", ""]).ended).code, 7);
  assert.equal((await installed.start(["killed", ""]).ended).code, 128 + 9);
});

Deno.test(`ktcp.mjs passes signals on, and ends after Deno${note}`, options, async () => {
  using installed = new Installed();
  const signals = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;
  await Promise.all(signals.map(async (signal) => {
    const process = installed.start(["serve", ""]);
    await process.untilOut(/ready/);
    const { code, out } = await process.stop(signal);
    assert.deepEqual([code, out], [0, `ready\n${signal.slice(3)}\n`]);
  }));
});

Deno.test(`ktcp.mjs ends with the shell by which npm started it${note}`, options, async () => {
  using installed = new Installed();
  const shell = ["sh", "-c", '"$@"; exit', "sh"];
  const process = installed.start(["serve", ""], { npm_command: "exec" }, shell);
  await process.untilOut(/ready/);
  // Its output ends when the last that could write to it has ended.
  const { out } = await process.stop("SIGKILL");
  assert.equal(out, "ready\nTERM\n");
});

Deno.test(`ktcp.mjs says what to do when there is no Deno${note}`, options, async () => {
  using installed = new Installed("missing");
  const { code, out, err } = await installed.start([]).ended;
  assert.deepEqual([code, out], [1, ""]);
  assert.match(err, /^ktcp: cannot start the Deno of the npm package deno: .+; install ktcp again/);
  assert.equal(err.trim().split("\n").length, 1);
});
