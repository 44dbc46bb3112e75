/** `ktcp man`: the manual page, made from the commands' own options, in man(7) macros. */
import { Command } from "commander";
import type { CommandEntry } from "./shared/command.ts";
import { printResult } from "./shared/output.ts";
import { wholeProgram } from "./shared/program.ts";
import { VERSION } from "./shared/version.ts";

/** Builds the command, which documents the commands of `table`. */
export function command(table: readonly CommandEntry[]): Command {
  return new Command("man")
    .description("Prints the manual page. It is source text for man.")
    .addHelpText("after", "\nExample:\n  ktcp man > ktcp.1 && man ./ktcp.1")
    .action(async () => {
      printResult(manPage(await wholeProgram(table)));
    });
}

const EXIT_STATUS = [
  ["0", "done as asked; a server that was told to stop"],
  ["1", "it ran and failed"],
  ["2", "usage error"],
  ["130", "a client was interrupted"],
];

/** Returns the page about `program` and all of its commands. */
export function manPage(program: Command): string {
  return [
    `.TH KTCP 1 "" ${quote(`ktcp ${VERSION}`)} "User Commands"`,
    ".SH NAME",
    "ktcp \\- echo and HTTP servers, and the clients that measure them",
    ".SH SYNOPSIS",
    ".B ktcp",
    escape(program.usage()),
    ".SH DESCRIPTION",
    escape(program.description()),
    ...options(program),
    ".SH COMMANDS",
    ...program.commands.flatMap((sub) => section(sub as Command, "ktcp")),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => [".TP", `.B ${code}`, meaning]),
  ].join("\n");
}

function section(command: Command, parents: string): string[] {
  const path = `${parents} ${command.name()}`;
  return [
    `.SS ${quote(`${path} ${command.usage()}`)}`,
    escape(command.description()),
    ...options(command),
    ...notes(command),
    ...command.commands.flatMap((sub) => section(sub as Command, path)),
  ];
}

function options(command: Command): string[] {
  const help = command.createHelp();
  return help.visibleOptions(command).flatMap((option) => [
    ".TP",
    `.B ${escape(option.flags)}`,
    escape(help.optionDescription(option)),
  ]);
}

/** What the command's help shows below its options: examples and notes, kept line by line. */
function notes(command: Command): string[] {
  let text = "";
  command.configureOutput({ writeOut: (part) => void (text += part) }).outputHelp();
  const lines = text.slice(command.helpInformation().length).trim();
  return lines === "" ? [] : [".PP", ".nf", ...lines.split("\n").map(escape), ".fi"];
}

/** `text` with nothing in it that roff takes for a request or an escape. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^(?=[.'])/gm, "\\&")
    .replaceAll("\n", "\n.br\n");
}

function quote(text: string): string {
  return `"${escape(text).replaceAll('"', "\\(dq")}"`;
}
