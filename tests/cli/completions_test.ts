import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { bashScript } from "../../cli/completions/bash.ts";
import { fishScript } from "../../cli/completions/fish.ts";
import { type CommandWords, describe } from "../../cli/completions/words.ts";
import { zshScript } from "../../cli/completions/zsh.ts";
import { manPage } from "../../cli/man.ts";
import { wholeProgram } from "../../cli/shared/program.ts";

const commands = describe(await wholeProgram(COMMANDS));

/** A command with what could break out of a script's quotes. */
const description = "a \"$(false)\" 'b' \\ c:d";
const hostile: CommandWords[] = [
  { path: "ktcp", commands: [{ name: "it's", description }], options: [], choices: ["a:b", "*"] },
  {
    path: "ktcp it's",
    commands: [],
    options: [{ long: "--o", description, takesValue: true, choices: ["'", '"'] }],
    choices: [],
  },
];

const SHELLS = [
  { shell: "bash", args: ["-n"], script: bashScript },
  { shell: "zsh", args: ["-n"], script: zshScript },
  { shell: "fish", args: ["-n"], script: fishScript },
];

function has(tool: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] }).outputSync().success;
}

/** Runs `shell` on a file that holds `script`. */
function runShell(shell: string, args: string[], script: string): { out: string; err: string } {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, script);
    const { stdout, stderr } = new Deno.Command(shell, { args: [...args, file] }).outputSync();
    return { out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  } finally {
    Deno.removeSync(file);
  }
}

Deno.test("describe() finds every command, its options and subcommands", () => {
  const paths = commands.map(({ path }) => path);
  for (const { name } of COMMANDS) assert.ok(paths.includes(`ktcp ${name}`), name);
  assert.ok(paths.includes("ktcp sockets drop"));
  const http = commands.find(({ path }) => path === "ktcp http")!;
  const model = http.options.find(({ long }) => long === "--model")!;
  assert.deepEqual(model.takesValue && model.choices.includes("per-core"), true);
  const completions = commands.find(({ path }) => path === "ktcp completions")!;
  assert.deepEqual(completions.choices, ["bash", "zsh", "fish"]);
});

for (const { shell, args, script } of SHELLS) {
  const missing = !has(shell);
  Deno.test({
    name: `${shell} accepts the script${missing ? ` (skipped: needs ${shell})` : ""}`,
    ignore: missing,
    fn: () => {
      assert.equal(runShell(shell, args, script(commands)).err, "");
      assert.equal(runShell(shell, args, script(hostile)).err, "");
    },
  });
}

Deno.test({
  name: "bashScript() completes commands, options and values",
  ignore: !has("bash"),
  fn: () => {
    const tries: [string[], string[]][] = [
      [["ktcp", "ec"], ["echo"]],
      [["ktcp", "sockets", "dr"], ["drop"]],
      [["ktcp", "sockets", "drop", "--dry"], ["--dry-run"]],
      [["ktcp", "completions", ""], ["bash", "zsh", "fish", "--help", "-h"]],
      [["ktcp", "http", "--model", "per"], ["per-core", "per-connection"]],
      [["ktcp", "http", "--dir", ""], []],
    ];
    const script = tries.map(([words]) =>
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
       _ktcp; echo "\${COMPREPLY[*]}"`
    );
    const { out, err } = runShell("bash", [], [bashScript(commands), ...script].join("\n"));
    assert.equal(err, "");
    assert.deepEqual(out.split("\n").slice(0, -1).map((line) => line.split(" ").filter(Boolean)), [
      ...tries.map(([, expected]) => expected),
    ]);
  },
});

Deno.test("manPage() documents every command and option, and roff reads it without a warning", async () => {
  const page = manPage(await wholeProgram(COMMANDS));
  for (const { path, options } of commands.slice(1)) {
    assert.ok(page.includes(`.SS "${path.replaceAll("-", "\\-")}`), path);
    for (const { long } of options) assert.ok(page.includes(long.replaceAll("-", "\\-")), long);
  }
  assert.doesNotMatch(page, /^[.'](?!TH|SH|SS|TP|PP|B |br|nf|fi)/m);
  if (has("groff")) assert.equal(runShell("groff", ["-man", "-ww", "-Tutf8", "-z"], page).err, "");
});
