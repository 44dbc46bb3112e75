/** Help fits the terminal, and says everything by subject. */
import assert from "node:assert/strict";
import { Command, Option } from "commander";
import { COMMANDS, UNLISTED } from "../../cli/commands.ts";
import { HelpLayout, notesOf, presented, withNotes } from "../../cli/shared/help.ts";
import { addOptionGroups, count, duration } from "../../cli/shared/options.ts";
import { firstSteps, wholeProgram } from "../../cli/shared/program.ts";
import { runMain } from "../support/run_main.ts";

const program = await wholeProgram(COMMANDS);
const commands = [program, ...program.commands, ...program.commands.flatMap((sub) => sub.commands)];

function helpText(command: Command, width: number): string {
  const layout = new HelpLayout();
  layout.prepareContext({ helpWidth: width });
  return layout.formatHelp(command, layout);
}

for (const width of [40, 80, 100]) {
  Deno.test(`help of every command fits ${width} columns`, async () => {
    const unlisted = await wholeProgram(UNLISTED);
    const texts = [...commands, ...unlisted.commands].map((command) => helpText(command, width));
    const long = [...texts, firstSteps(program, width)].flatMap((text) => text.split("\n"))
      // A path is not broken.
      .filter((line) => line.length > width && line.trim().includes(" "));
    assert.deepEqual(long, []);
  });
}

Deno.test("help has no description squeezed into a narrow column", () => {
  const lines = commands.flatMap((command) => helpText(command, 40).split("\n"));
  // Behind the room for terms at least 15 columns are left, or descriptions stand below.
  const deep = lines.filter((line) => /^ {26,}\S/.test(line));
  assert.deepEqual(deep, []);
});

Deno.test("every option says what it is for, below a heading, with choices and default", () => {
  for (const command of commands) {
    const layout = new HelpLayout();
    for (const option of layout.visibleOptions(command)) {
      const where = `${command.name()} ${option.flags}`;
      assert.ok(option.description !== "", where);
      assert.match(option.helpGroupHeading ?? "", /^[A-Z].*:$/, where);
      assert.doesNotMatch(option.description, /\(default|\(choices/, `${where}: is said twice`);
    }
  }
});

Deno.test("commands with many options have them in groups, the common ones first", () => {
  for (const command of commands) {
    const options = new HelpLayout().visibleOptions(command);
    const groups = Map.groupBy(options, ({ helpGroupHeading }) => helpGroupHeading);
    if (options.length <= 10) continue;
    const [first] = groups.keys();
    assert.equal(first, "Common options:", command.name());
    assert.ok(groups.get(first)!.some(({ long }) => long === "--help"), command.name());
    assert.ok(groups.size >= 3, command.name());
    const sizes = [...groups].map(([heading, all]) => `${heading} ${all.length}`);
    assert.ok([...groups.values()].every(({ length }) => length <= 12), sizes.join(", "));
  }
});

Deno.test("every command ends its help with examples of itself", () => {
  for (const command of commands) {
    const { examples } = notesOf(command);
    assert.ok(examples.length >= 2, command.name());
    const [, last] = helpText(command, 80).split(/^Examples:$/m);
    for (const [line, what] of examples) {
      assert.match(line, /\bktcp\b/);
      assert.ok(what !== "" && last.includes(`  # ${what}`), `${command.name()}: ${what}`);
    }
  }
});

Deno.test("examples name options and commands that exist", () => {
  for (const command of commands) {
    for (const [line] of notesOf(command).examples) {
      const [, words] = /\bktcp ([^|>&]*)/.exec(line)!;
      const [name, ...rest] = words.trim().split(/\s+/);
      let target = program.commands.find((sub) => sub.name() === name) as Command | undefined;
      assert.ok(target, `${line}: no command ${name}`);
      target = target.commands.find((sub) => sub.name() === rest[0]) as Command ?? target;
      for (const flag of rest.filter((word) => /^--?[a-z]/.test(word))) {
        const known = new HelpLayout().visibleOptions(target);
        assert.ok(known.some(({ short, long }) => short === flag || long === flag), line);
      }
    }
  }
});

/** A command as the layout shows it. */
function sample(): Command {
  const command = new Command("sample").description("Shows how help is laid out.")
    .argument("[target]", "what to look at");
  addOptionGroups(command, {
    "Common options": [count("-n, --number", "how many", { max: 9, default: 3 })],
    "Time": [
      duration("--duration", "how long it takes from the first to the last", { unset: "for ever" }),
      new Option("--pace <name>", "how fast").choices(["slow", "fast"]).default("slow"),
    ],
  });
  return presented(withNotes(command, {
    about: ["It is not a command of ktcp."],
    exit: { 1: "nothing was found" },
    examples: [["ktcp sample --number 9 --duration 10s --pace fast 'a b'", "look for long"]],
  }));
}

const LAYOUTS: [width: number, text: string][] = [
  [
    80,
    `Usage: sample [options] [target]

Shows how help is laid out.

Arguments:
  target             what to look at

Common options:
  -n, --number <n>   how many (default: 3)
  -h, --help         print this help

Time:
  --duration <time>  how long it takes from the first to the last (default: for
                     ever)
  --pace <name>      how fast (choices: slow, fast; default: slow)

It is not a command of ktcp.

Durations: 250us, 500ms, 5s, 2m, 1h, or 0.

Exit codes:
  1    nothing was found

Examples:
  # look for long
  ktcp sample --number 9 --duration 10s --pace fast 'a b'
`,
  ],
  [
    40,
    `Usage: sample [options] [target]

Shows how help is laid out.

Arguments:
  target
      what to look at

Common options:
  -n, --number <n>
      how many (default: 3)
  -h, --help
      print this help

Time:
  --duration <time>
      how long it takes from the first
      to the last (default: for ever)
  --pace <name>
      how fast (choices: slow, fast;
      default: slow)

It is not a command of ktcp.

Durations: 250us, 500ms, 5s, 2m, 1h, or
0.

Exit codes:
  1    nothing was found

Examples:
  # look for long
  ktcp sample --number 9 \\
    --duration 10s --pace fast 'a b'
`,
  ],
];

for (const [width, text] of LAYOUTS) {
  Deno.test(`HelpLayout lays a command out in ${width} columns`, () => {
    assert.equal(helpText(sample(), width), text);
  });
}

Deno.test("ktcp alone shows first steps and all commands by purpose, and exits with 0", async () => {
  for (const args of [[], ["--"]]) {
    const { code, out, err } = await runMain(args);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^To begin with:\n( {2}# .+\n {2}ktcp .+\n){3,4}$/m);
    for (const { name, summary, group } of COMMANDS) {
      assert.match(out, new RegExp(`^${group}:$`, "m"));
      assert.match(out, new RegExp(`^ {2}${name} +${summary.slice(0, 20)}`, "m"));
    }
  }
});

Deno.test("ktcp --verbose without --version is a usage error", async () => {
  const { code, err } = await runMain(["--verbose"]);
  assert.equal(code, 2);
  assert.match(err, /^ktcp: option '--verbose' is for --version; add it\n/);
});
