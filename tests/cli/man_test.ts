/** The manual pages: complete, and read without a complaint by groff and mandoc. */
import assert from "node:assert/strict";
import type { Command } from "commander";
import { COMMANDS } from "../../cli/commands.ts";
import { manPage, pageName } from "../../cli/man/page.ts";
import { HelpLayout, notesOf } from "../../cli/shared/help.ts";
import { wholeProgram } from "../../cli/shared/program.ts";
import { installedTexts } from "../../tools/shared/installed_texts.ts";
import { whyNot } from "../support/launch.ts";
import { runMain } from "../support/run_main.ts";

const program = await wholeProgram(COMMANDS);
const commands = [program, ...program.commands, ...program.commands.flatMap((sub) => sub.commands)];
const pages = new Map(commands.map((command) => [pageName(command), manPage(command)]));

function roff(text: string): string {
  return text.replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("~", "\\(ti");
}

Deno.test("there is a page for ktcp and for each command", () => {
  assert.ok(["ktcp", "ktcp-http", "ktcp-sockets-drop"].every((name) => pages.has(name)));
  assert.equal(pages.size, commands.length);
});

for (const command of commands) {
  const name = pageName(command);
  const page = pages.get(name)!;
  const words = name.split("-");

  Deno.test(`${name}(1) documents every option, argument and example of the help`, () => {
    const layout = new HelpLayout();
    for (const { long } of layout.visibleOptions(command)) {
      assert.ok(page.includes(`\\fB${roff(long!)}\\fR`), long);
    }
    for (const argument of layout.visibleArguments(command)) {
      assert.ok(page.includes(`.I ${argument.name()}`), argument.name());
    }
    for (const [line] of notesOf(command).examples) {
      assert.ok(page.includes(roff(line)), line);
    }
    for (const sub of command.commands) {
      assert.ok(page.includes(`.BR ${roff(pageName(sub as Command))} (1)`), sub.name());
    }
    assert.match(page, /^\.SH NAME\nktcp.* \\- \S/m);
    assert.match(page, /^\.SH EXIT STATUS$/m);
    // Nothing of a text is taken for a request.
    assert.doesNotMatch(page, /^[.'](?!TH|SH|SS|TP|PP|BR? |I |EX|EE)/m);
  });

  Deno.test(`ktcp man ${words.slice(1).join(" ")}: prints ${name}(1)`, async () => {
    const { code, out, err } = await runMain(["man", ...words.slice(1)]);
    assert.deepEqual([code, out, err], [0, page + "\n", ""]);
  });
}

/** What reads manual pages, and how it is made to say what is wrong with one. */
const READERS: string[][] = [
  ["groff", "-man", "-ww", "-Tutf8", "-z"],
  ["mandoc", "-T", "lint"],
  ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z"],
];

for (const [reader, ...args] of READERS) {
  const reason = whyNot([reader, reader === "mandoc" ? "-Tascii" : "--version"]);
  Deno.test({
    name: `${reader} reads all pages without a warning${reason ? ` (not here: ${reason})` : ""}`,
    ignore: reason !== undefined,
    fn: () => {
      const folder = Deno.makeTempDirSync();
      try {
        for (const [name, page] of pages) {
          const file = `${folder}/${name}.1`;
          Deno.writeTextFileSync(file, page + "\n");
          const { stdout, stderr } = new Deno.Command(reader, { args: [...args, file] })
            .outputSync();
          const said = new TextDecoder().decode(reader === "mandoc" ? stdout : stderr);
          assert.equal(said, "", name);
        }
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

Deno.test("deno task install puts all pages and completions in place, each as ktcp prints it", async () => {
  const texts = await installedTexts();
  const paths = texts.map(({ path }) => path);
  for (const name of pages.keys()) assert.ok(paths.includes(`share/man/man1/${name}.1`), name);
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.ok(texts.some(({ args }) => args[0] === "completions" && args[1] === shell), shell);
  }
  assert.equal(texts.length, pages.size + 3);
  const drop = texts.find(({ path }) => path.endsWith("/ktcp-sockets-drop.1"))!;
  assert.deepEqual(drop.args, ["man", "sockets", "drop"]);
});
