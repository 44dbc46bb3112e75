/** Completion scripts, in the real shells where these are installed. */
import assert from "node:assert/strict";
import { COMMANDS } from "../../cli/commands.ts";
import { bashScript } from "../../cli/completions/bash.ts";
import { fishScript } from "../../cli/completions/fish.ts";
import { type CommandWords, describe } from "../../cli/completions/words.ts";
import { zshScript } from "../../cli/completions/zsh.ts";
import { wholeProgram } from "../../cli/shared/program.ts";
import { GROUPS } from "../../bench/check/case.ts";
import { LABS } from "../../bench/lab/labs.ts";
import { ENGINES, MODELS } from "../../servers/mod.ts";

const commands = describe(await wholeProgram(COMMANDS));

/** A command with what could break out of a script's quotes. */
const description = "a \"$(false)\" 'b' \\ c:d";
const hostile: CommandWords[] = [
  {
    path: "ktcp",
    commands: [{ name: "it's", description }],
    options: [],
    places: [{ values: ["a:b", "*"], isVariadic: true }],
  },
  {
    path: "ktcp it's",
    commands: [],
    options: [{ long: "--o", description, takes: "one", values: ["'", '"', "$(false)"] }],
    places: [],
  },
];

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript };
type Shell = keyof typeof SCRIPTS;

/** Longest time of a shell with its script. */
const DEADLINE_S = 30;

function has(tool: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v ${tool}`] }).outputSync().success;
}

/** Runs `shell` in `cwd` on a file that holds `script`. */
function runShell(shell: Shell, args: string[], script: string, cwd?: string) {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, script);
    // A terminal that never shows what is waited for must not hold up the tests.
    const { stdout, stderr } = new Deno.Command("timeout", {
      args: [`${DEADLINE_S}`, shell, ...args, file],
      cwd,
    }).outputSync();
    return { out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
  } finally {
    Deno.removeSync(file);
  }
}

/** How each shell prints what it offers for command lines: a line of words for each. */
const DRIVERS: Record<Shell, (script: string, lines: readonly string[][]) => string> = {
  bash: (script, lines) =>
    [
      script,
      ...lines.map((words) =>
        `COMP_WORDS=(${words.map(quoted).join(" ")}); COMP_CWORD=${words.length - 1}; _ktcp
         printf '%s|' "\${COMPREPLY[@]}"; echo`
      ),
    ].join("\n"),
  // What the functions of the completion system would be given.
  zsh: (script, lines) =>
    [
      "compdef() { }",
      '_describe() { print -rn -- "${(j:|:)${(@)known%%:*}}|" }',
      // `_files` and `compset` work only below a real completion, which another test makes.
      `_files() { if [[ "$1" = -/ ]]; then print -rn -- "(directories)|"; else print -rn -- "(files)|"; fi }`,
      "compset() { }",
      script,
      ...lines.map((words) =>
        `words=(${words.map(quoted).join(" ")}); CURRENT=${words.length}; _ktcp; print`
      ),
    ].join("\n"),
  fish: (script, lines) =>
    [
      script,
      ...lines.map((words) =>
        `echo (complete -C ${
          quoted(words.join(" "))
        } | string replace -r '\\t.*' '' | string join '|')`
      ),
    ].join("\n"),
};

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** What `shell` offers for `lines` in `cwd`, sorted. */
function offered(shell: Shell, lines: readonly string[][], cwd: string): string[][] {
  const script = SCRIPTS[shell](commands);
  const args = shell === "zsh" ? ["-f"] : shell === "fish" ? ["--no-config"] : [];
  const { out, err } = runShell(shell, args, DRIVERS[shell](script, lines), cwd);
  assert.equal(err, "");
  return out.split("\n").slice(0, lines.length).map((text) =>
    text.split("|").filter(Boolean).sort()
  );
}

Deno.test("describe() finds every command, its options, arguments and subcommands", () => {
  const paths = commands.map(({ path }) => path);
  for (const { name } of COMMANDS) assert.ok(paths.includes(`ktcp ${name}`), name);
  assert.ok(paths.includes("ktcp sockets drop"));
  const http = commands.find(({ path }) => path === "ktcp http")!;
  const option = (name: string) => http.options.find(({ long }) => long === name)!;
  assert.deepEqual(option("--model").values, MODELS);
  assert.deepEqual(option("--tls-cert").values, "file");
  assert.deepEqual(option("--dir").values, "directory");
  assert.deepEqual([option("--port").takes, option("--port").values], ["one", []]);
  assert.equal(option("--cors").takes, "nothing");
  assert.deepEqual(http.places, [{ values: "directory", isVariadic: false }]);
});

for (const [shell, script] of Object.entries(SCRIPTS) as [Shell, typeof bashScript][]) {
  const missing = !has(shell);
  Deno.test({
    name: `${shell} accepts the script${missing ? ` (skipped: needs ${shell})` : ""}`,
    ignore: missing,
    fn: () => {
      assert.equal(runShell(shell, ["-n"], script(commands)).err, "");
      assert.equal(runShell(shell, ["-n"], script(hostile)).err, "");
    },
  });
}

const NAMES = COMMANDS.map(({ name }) => name);
const LAB_NAMES = ["list", "all", "course", ...LABS.map(({ name }) => name)];
const GLOBS = GROUPS.map((group) => `${group}/*`);

/** Files and folders below the directory of a shell. */
const FILES = ["page.html", "part one.txt", "plots/"];

/** What is typed, and what is offered; `file` and `directory` of the above that begin with `p`. */
const CASES: [line: string, offered: readonly string[] | "file" | "directory"][] = [
  ["ktcp ", NAMES],
  ["ktcp ec", ["echo"]],
  ["ktcp sockets ", ["drop"]],
  ["ktcp sockets drop --dry", ["--dry-run"]],
  ["ktcp completions ", ["bash", "zsh", "fish"]],
  ["ktcp man s", ["sockets"]],
  ["ktcp http --model per", ["per-core", "per-connection"]],
  ["ktcp http --engine ", ENGINES],
  ["ktcp echo --wq-flags un", ["unbound"]],
  ["ktcp htstress --engine e", ["epoll"]],
  ["ktcp http --log ", ["short", "common", "json", "off"]],
  ["ktcp lab ", LAB_NAMES],
  ["ktcp lab --quick backl", ["backlog"]],
  ["ktcp lab all --lang ", ["en", "zh-TW"]],
  ["ktcp check ", ["http", "echo", "list"]],
  ["ktcp check http --level ", ["must", "should", "hardening"]],
  ["ktcp check http --only ", GLOBS],
  ["ktcp check http --only framing/* --skip by", ["bytes/*"]],
  ["ktcp sockets --state time", ["time-wait"]],
  ["ktcp http p", "directory"],
  ["ktcp http --port 8081 p", "directory"],
  ["ktcp http -p 8081 --cors p", "directory"],
  ["ktcp http --dir p", "directory"],
  ["ktcp http -d p", "directory"],
  ["ktcp http --tls-cert p", "file"],
  ["ktcp bench --plot p", "file"],
  ["ktcp htstress --urls p", "file"],
  ["ktcp merge p", "file"],
  ["ktcp merge one.json two.json p", "file"],
  ["ktcp bench --compare one.json two.json p", "file"],
  ["ktcp lab originals --target-c p", "file"],
  ["ktcp http --host echo p", "directory"],
  ["ktcp http --port ", []],
  ["ktcp http --sp", ["--spa"]],
  ["ktcp bench --compare one.json --wi", ["--with"]],
];

/** Words of a command line, the last of which the cursor is on. */
function typed(line: string): string[] {
  return line.split(" ");
}

for (const shell of Object.keys(SCRIPTS) as Shell[]) {
  const missing = !has(shell);
  Deno.test({
    name: `${shell} completes commands, options, values, files and directories${
      missing ? ` (skipped: needs ${shell})` : ""
    }`,
    ignore: missing,
    fn: () => {
      const folder = Deno.makeTempDirSync();
      try {
        for (const name of FILES) {
          if (name.endsWith("/")) Deno.mkdirSync(`${folder}/${name}`);
          else Deno.writeTextFileSync(`${folder}/${name}`, "");
        }
        const found = offered(shell, CASES.map(([line]) => typed(line)), folder);
        const plain = (word: string) => word.replaceAll("\\", "").replace(/\/$/, "");
        const kinds = shell === "zsh"
          ? { file: ["(files)"], directory: ["(directories)"] }
          : { file: FILES, directory: ["plots/"] };
        for (const [i, [line, expected]] of CASES.entries()) {
          const known = typeof expected === "string" ? kinds[expected] : expected;
          // zsh is given all, and takes what begins with what was typed.
          const start = typed(line).at(-1)!;
          const got = found[i].filter((word) => word.startsWith("(") || word.startsWith(start));
          assert.deepEqual(got.map(plain), known.map(plain).sort(), `${shell}: ${line}`);
        }
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

Deno.test({
  name: "bash and fish complete --option=value",
  ignore: !has("bash") || !has("fish"),
  fn: () => {
    // bash makes words of its own of the sign.
    const bash = [["ktcp", "http", "--engine", "=", "ep"], ["ktcp", "http", "--model", "="]];
    const fish = [["ktcp", "http", "--engine=ep"], ["ktcp", "http", "--model="]];
    assert.deepEqual(offered("bash", bash, "."), [["epoll"], MODELS.toSorted()]);
    assert.deepEqual(offered("fish", fish, "."), [
      ["--engine=epoll"],
      MODELS.map((name) => `--model=${name}`).sort(),
    ]);
  },
});

/** Types `line` and a tab into an interactive zsh that has the script, and reads its line again. */
const ZSH_SESSION = (script: string, line: string) => `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "TERM=dumb; fpath=(${script} \\$fpath); autoload -U compinit; compinit -u -D"
# Nothing is typed before the line editor has shown its prompt, which is not as it is written here.
zpty -w shell "PS1='go%B%b>'"
zpty -r -m shell text '*go>*'
zpty -w -n shell ${quoted(line)}$'\\t'
zpty -w shell " #end"
zpty -r -m shell text '*end*'
print -r -- "$text"
zpty -d shell`;

Deno.test({
  name: "zsh completes in a terminal, with the script in fpath",
  ignore: !has("zsh"),
  fn: () => {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(`${folder}/_ktcp`, zshScript(commands));
      Deno.mkdirSync(`${folder}/plots`);
      Deno.writeTextFileSync(`${folder}/page.html`, "");
      const pairs = [
        ["ktcp http --engine=ep", "--engine=epoll"],
        ["ktcp check http --only fram", "framing/\\*"],
        ["ktcp http p", "ktcp http plots/"],
        ["ktcp merge pa", "ktcp merge page.html"],
      ];
      for (const [line, completed] of pairs) {
        const { out } = runShell("zsh", ["-f"], ZSH_SESSION(folder, line), folder);
        assert.ok(out.includes(completed), `${line}: ${JSON.stringify(out)}`);
      }
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
