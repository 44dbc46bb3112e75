/** `ktcp man`: the manual pages, made from the commands' own options. */
import { Argument, Command } from "commander";
import type { CommandEntry } from "../shared/command.ts";
import { UsageError } from "../shared/failure.ts";
import { withNotes } from "../shared/help.ts";
import { suggestion } from "../shared/nearest.ts";
import { printResult } from "../shared/output.ts";
import { wholeProgram } from "../shared/program.ts";
import { offering } from "../shared/values.ts";
import { manPage } from "./page.ts";

/** Builds the command, which documents the commands of `table`. */
export function command(table: readonly CommandEntry[]): Command {
  const names = table.map(({ name }) => name);
  const man = new Command("man")
    .description(
      "Prints a manual page, in the source text that man reads: ktcp(1), or that of a command. " +
        "'deno task install' puts all of them in place.",
    )
    .addArgument(offering(
      new Argument("[command...]", "the command, such as http, or sockets drop"),
      names,
    ));
  return withNotes(man, {
    examples: [
      ["ktcp man http | man -l -", "read about ktcp http"],
      ["ktcp man > ktcp.1 && man ./ktcp.1", "the page about ktcp itself, kept in a file"],
    ],
  })
    .action(async (words: string[]) => {
      let command = await wholeProgram(table);
      for (const word of words) {
        const names = command.commands.map((sub) => sub.name());
        const sub = command.commands.find((sub) => sub.name() === word);
        if (sub === undefined) {
          const path = words.slice(0, words.indexOf(word)).join(" ");
          const parent = path === "" ? "" : ` of '${path}'`;
          const known = names.length === 0 ? "" : `; commands: ${names.join(", ")}`;
          throw new UsageError(
            `'${word}' is no command${parent}${suggestion(word, names) || known}`,
          );
        }
        command = sub as Command;
      }
      printResult(manPage(command));
    });
}
