/**
 * The commands of the documentation. Each `ktcp …` in a block for a shell is one that the command
 * line accepts; those of the README run, and print what it shows.
 */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { COMMANDS } from "../cli/commands.ts";
import { wholeProgram } from "../cli/shared/program.ts";
import { type DocCommand, docCommands, withoutComment } from "./support/doc_commands.ts";
import { DocShell } from "./support/doc_shell.ts";

const ROOT = new URL("../", import.meta.url);

/** The pages, from the root of the repository. */
const PAGES = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...["docs/", "docs/labs/", "docs/zh-TW/", "docs/zh-TW/labs/"].flatMap((folder) =>
    [...Deno.readDirSync(new URL(folder, ROOT))].map(({ name }) => folder + name)
      .filter((name) => name.endsWith(".md"))
  ),
];

function commandsOf(page: string): DocCommand[] {
  return docCommands(page, Deno.readTextFileSync(new URL(page, ROOT)));
}

/**
 * Lets a shell take `command` apart: quotes, variables, pipes. `ktcp` writes down how it was called,
 * what calls it for others passes it on, and all else does nothing.
 */
async function callsOf(command: string, folder: string): Promise<string[][]> {
  const script = `
    ktcp() { { printf '%s\\0' "$@"; printf '\\n'; } >> calls/$BASHPID; }
    command_not_found_handle() { :; }
    date() { printf '%(%s)T' -1; }
    start=@$(($(date +%s) + 20)) SLURM_NTASKS=3
    sudo() { "$@"; }
    srun() { while [ "$1" != ktcp ] && [ $# -gt 0 ]; do shift; done; "$@"; }
    npx() { while [ "$1" != ktcp ] && [ $# -gt 0 ]; do shift; done; "$@"; }
    deno() { npx "$@"; }
    podman() { npx "$@"; }
    docker() { npx "$@"; }
    systemd-socket-activate() { npx "$@"; }
    parallel() { for last; do :; done; eval "$last"; }
    ${command}
    wait`;
  await Deno.remove(`${folder}/calls`, { recursive: true }).catch(() => {});
  await Deno.mkdir(`${folder}/calls`);
  await new Deno.Command("/bin/bash", {
    args: ["-c", script],
    cwd: folder,
    env: { PATH: "/nonexistent" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  // The parts of a pipeline run at the same time, each in a process of its own.
  const calls = [...Deno.readDirSync(`${folder}/calls`)]
    .map(({ name }) => Deno.readTextFileSync(`${folder}/calls/${name}`)).join("");
  return calls.split("\0\n").filter((call) => call !== "").map((call) => call.split("\0"));
}

/** Does nothing where `command`, and each command below it, would do its work. */
function disarm(command: Command): void {
  command.action(() => {}).exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
  command.commands.forEach((sub) => disarm(sub as Command));
}

Deno.test("docs: each command that they show is one that ktcp accepts", async () => {
  const folder = await Deno.makeTempDir();
  try {
    let count = 0;
    const refused: string[] = [];
    for (const { place, text } of PAGES.flatMap(commandsOf)) {
      if (!/\bktcp\s+[\w-]/.test(text.replace(/\s#.*/, ""))) continue;
      const calls = await callsOf(text, folder);
      assert.ok(calls.length > 0, `${place}: no call of ktcp in ${text}`);
      for (const args of calls) {
        ++count;
        const program = await wholeProgram(COMMANDS);
        program.commands.forEach((command) => disarm(command as Command));
        program.exitOverride().configureOutput({ writeOut() {}, writeErr() {} });
        try {
          await program.parseAsync(args, { from: "user" });
        } catch (error) {
          const { code, message } = error as { code?: string; message: string };
          if (code === "commander.helpDisplayed" || code === "commander.version") continue;
          // The pages show one that is refused, and say so.
          if (args.includes("70000")) continue;
          refused.push(`${place}: ktcp ${args.join(" ")}: ${message}`);
        }
      }
    }
    assert.deepEqual(refused, []);
    assert.ok(count > 100, `the scan found ${count} commands`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const noShell = await DocShell.whyNone();
if (noShell !== undefined) console.error(noShell);

/** Blocks of the README that show output; others are about the repository itself, or install. */
const RUN = Map.groupBy(commandsOf("README.md"), ({ block }) => block);
const RUN_BLOCKS = [...RUN.values()].filter((commands) =>
  commands.some(({ shown }) => shown.length)
);

for (const commands of RUN_BLOCKS) {
  const [{ place, text }] = commands;
  Deno.test({
    name: `${place}: '${withoutComment(text)}' prints what is shown`,
    ignore: noShell !== undefined,
    async fn() {
      await using shell = await DocShell.open() as DocShell;
      for (const command of commands) await shell.follow(command);
      await shell.endServers();
    },
  });
}
