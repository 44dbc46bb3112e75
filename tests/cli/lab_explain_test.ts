/** `ktcp lab NAME --explain` and `--lang`. */
import assert from "node:assert/strict";
import { LABS } from "../../bench/lab/labs.ts";
import { run } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

Deno.test("ktcp lab NAME --explain: the page, without measuring", async () => {
  const { code, out, err } = await runMain(["lab", "backlog", "--explain", "--lang", "en"]);
  assert.deepEqual([code, err], [0, ""]);
  assert.match(out, /^Lab: backlog\n=+\n\nWhen does the accept queue overflow/);
  assert.match(out, /^Exercises\n-+$/m);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(out, /\x1b/);
});

Deno.test("ktcp lab all --explain: every page", async () => {
  const { code, out } = await runMain(["lab", "all", "--explain", "--lang", "en"]);
  assert.equal(code, 0);
  const titles = [...out.matchAll(/^Lab: (\w+)\n=/gm)].map(([, name]) => name);
  assert.deepEqual(titles, LABS.map(({ name }) => name));
});

Deno.test("ktcp lab course --explain: every question", async () => {
  const { code, out } = await runMain(["lab", "course", "--explain", "--lang", "en"]);
  assert.equal(code, 0);
  assert.match(out, /^The course: its questions, answered\n=/);
  assert.match(out, /^23\. /m);
});

const LANGUAGE: [args: string, env: Record<string, string>, title: RegExp][] = [
  ["", { LANG: "zh_TW.UTF-8", LC_ALL: "" }, /^實驗：backlog/],
  ["", { LANG: "en_US.UTF-8", LC_ALL: "" }, /^Lab: backlog/],
  [" --lang en", { LC_ALL: "zh_TW.UTF-8" }, /^Lab: backlog/],
  [" --lang zh-TW", { LC_ALL: "C" }, /^實驗：backlog/],
];

for (const [args, env, title] of LANGUAGE) {
  const name = `${Object.entries(env).map((pair) => pair.join("=")).join(" ")}${args}`;
  Deno.test(`ktcp lab backlog --explain: language with ${name}`, async () => {
    const { code, out } = await run(["lab", "backlog", "--explain", ...args.split(" ").slice(1)], {
      env,
    });
    assert.equal(code, 0);
    assert.match(out, title);
  });
}

const USAGE_ERRORS: [args: string, error: RegExp][] = [
  ["backlog --explain --json", /'--explain' cannot be used with option '--json'/],
  ["backlog --explain --quick", /'--explain' cannot be used with option '--quick'/],
  ["backlog --explain --lang fr", /'--lang <language>' argument 'fr'.*en, zh-TW/],
  ["backlog --lang en", /'--lang' is for --explain and --report/],
  ["list --explain", /'list' is not a lab/],
  ["course", /'course' is not a lab.*--explain/],
];

for (const [args, error] of USAGE_ERRORS) {
  Deno.test(`ktcp lab ${args}: is a usage error`, async () => {
    const { code, out, err } = await runMain(["lab", ...args.split(" ")]);
    assert.deepEqual([code, out], [2, ""]);
    assert.match(err, error);
    assert.equal(err.trimEnd().split("\n").length, 2, "one line and a hint");
  });
}

Deno.test({
  name: "ktcp lab --explain: on a terminal the page goes to PAGER, with colours unless NO_COLOR",
  ignore: Deno.build.os !== "linux" || !hasScript(),
  fn: async () => {
    // script(1) gives a terminal; the pager says that it ran, and shows escape sequences as text.
    const show = async (env: Record<string, string>) => {
      const { args, path } = (await import("../../cli/shared/self_command.ts")).selfCommand();
      const command = [path, ...args, "lab", "backlog", "--explain", "--lang", "en"]
        .map((word) => `'${word}'`).join(" ");
      const output = await new Deno.Command("script", {
        args: ["-qec", command, "/dev/null"],
        env: { PAGER: "sed -e 's/^/paged: /' -e 's/\\x1b/ESC/g'", ...env },
        stdin: "null",
      }).output();
      return new TextDecoder().decode(output.stdout);
    };
    const coloured = await show({ NO_COLOR: "", TERM: "xterm" });
    assert.match(coloured, /^paged: ESC\[1mLab: backlog/m);
    const plain = await show({ NO_COLOR: "1", TERM: "xterm" });
    assert.match(plain, /^paged: Lab: backlog/m);
    assert.doesNotMatch(plain, /ESC/);
    const missing = await show({ PAGER: "/no/such/pager", NO_COLOR: "1" });
    assert.match(missing, /^Lab: backlog/m);
  },
});

function hasScript(): boolean {
  try {
    return new Deno.Command("script", { args: ["--version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
