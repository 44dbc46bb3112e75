/** A command's manual page in the macros of man(7), which groff and mandoc read alike. */
import type { Command } from "commander";
import { HelpLayout, notesOf } from "../shared/help.ts";
import { wrap } from "../../bench/report/text_layout.ts";
import { unitsOf } from "../shared/options.ts";
import { commitDate, VERSION } from "../shared/version.ts";

/** What exit codes mean where a command says nothing else. */
const EXIT_STATUS: Readonly<Record<number, string>> = {
  0: "done as asked; for a server also: it was told to stop",
  1: "it ran and failed",
  2: "usage error",
};

/** An exit code that only some commands have. */
const INTERRUPTED = { 130: "a client was interrupted" };

/** Commands above `command` and itself, the outermost first. */
function pathOf(command: Command): Command[] {
  const parent = command.parent as Command | null;
  return parent === null ? [command] : [...pathOf(parent), command];
}

/** What the page of `command` is called: `ktcp-sockets-drop`. */
export function pageName(command: Command): string {
  return pathOf(command).map((each) => each.name()).join("-");
}

/** Returns the page about `command`, whose parents must be set. */
export function manPage(command: Command): string {
  const path = pathOf(command);
  const name = pageName(command);
  const { about = [], exit = {}, examples } = notesOf(command);
  const summary = command.parent === null
    ? "a network playground: echo and HTTP servers, and the clients that measure them"
    : command.summary();
  const commandPath = path.map((each) => each.name()).join(" ");
  return [
    `.TH ${quote(name.toUpperCase())} 1 "${commitDate()}" ${quote(`ktcp ${VERSION}`)} ${
      quote("ktcp manual")
    }`,
    ".SH NAME",
    lines(`${roff(name)} \\- ${roff(summary)}`),
    ".SH SYNOPSIS",
    `.B ${roff(commandPath)}`,
    escape(command.usage()),
    ".SH DESCRIPTION",
    escape(command.description()),
    ...about.flatMap((text) => [".PP", escape(text)]),
    ...argumentsOf(command),
    ...optionsOf(command),
    ...unitsOf(command.options).flatMap((text, i) => [i === 0 ? ".SH UNITS" : ".PP", escape(text)]),
    ...commandsOf(command),
    ".SH EXIT STATUS",
    ...Object.entries({ ...EXIT_STATUS, ...(command.parent === null ? INTERRUPTED : exit) })
      .flatMap(([code, meaning]) => [".TP", `.B ${code}`, escape(meaning)]),
    ...(examples.length > 0 ? [".SH EXAMPLES", ...examples.flatMap(example).slice(1)] : []),
    ...seeAlso(command),
  ].join("\n");
}

function argumentsOf(command: Command): string[] {
  const help = new HelpLayout();
  const items = help.visibleArguments(command).flatMap((argument) => [
    ".TP",
    `.I ${roff(argument.name())}`,
    escape(help.argumentDescription(argument)),
  ]);
  return items.length === 0 ? [] : [".SH ARGUMENTS", ...items];
}

function optionsOf(command: Command): string[] {
  const help = new HelpLayout();
  const groups = Map.groupBy(help.visibleOptions(command), (option) => option.helpGroupHeading);
  const items = [...groups].flatMap(([heading = "", options]) => [
    // One group needs no heading of its own.
    ...(groups.size > 1 ? [`.SS ${quote(heading.replace(/:$/, ""))}`] : []),
    ...options.flatMap((option) => [
      ".TP",
      flags(option.flags),
      escape(help.optionDescription(option)),
    ]),
  ]);
  return [".SH OPTIONS", ...items];
}

/** The commands below `command`, each with its page. */
function commandsOf(command: Command): string[] {
  const help = new HelpLayout();
  const groups = Map.groupBy(help.visibleCommands(command), (sub) => sub.helpGroup());
  if (groups.size === 0) return [];
  const items = [...groups].flatMap(([heading, subs]) => [
    ...(groups.size > 1 ? [`.SS ${quote(heading.replace(/:$/, ""))}`] : []),
    ...subs.flatMap((sub) => [
      ".TP",
      `.BR ${roff(pageName(sub))} (1)`,
      escape(help.subcommandDescription(sub)),
    ]),
  ]);
  return [".SH COMMANDS", ...items];
}

function example([line, what]: readonly [line: string, what: string]): string[] {
  return [".PP", escape(what), ".PP", ".EX", `    ${roff(line)}`, ".EE"];
}

/** The pages next to `command`: its parents, what is below it, and what serves the same purpose. */
function seeAlso(command: Command): string[] {
  const parent = command.parent as Command | null;
  const alike =
    parent?.commands.filter((other) =>
      other !== command && other.helpGroup() === command.helpGroup()
    ) ?? [];
  const pages = [...pathOf(command).slice(0, -1), ...command.commands, ...alike]
    .map((other) => pageName(other as Command)).sort();
  if (pages.length === 0) return [];
  const comma = (i: number) => i < pages.length - 1 ? "," : "";
  return [".SH SEE ALSO", ...pages.map((page, i) => `.BR ${roff(page)} (1)${comma(i)}`)];
}

/** Options in bold, the names of values in italics. */
function flags(text: string): string {
  return text.split(/(--?[\w-]+|<[^>]+>|\[[^\]]+\])/).map((part) => {
    if (part.startsWith("-")) return `\\fB${roff(part)}\\fR`;
    if (part.startsWith("<")) return `\\fI${roff(part.slice(1, -1))}\\fR`;
    if (part.startsWith("[")) return `[\\fI${roff(part.slice(1, -1))}\\fR]`;
    return roff(part);
  }).join("");
}

/** Longest line of the source: mandoc complains about longer ones. */
const WIDTH = 78;

/** Text as lines of the source. */
function escape(text: string): string {
  return lines(roff(text));
}

/** Breaks `text`, and lets no line begin with what roff takes for a request. */
function lines(text: string): string {
  return wrap(text, { width: WIDTH, margin: "" }).replaceAll(/^(?=[.'])/gm, "\\&");
}

/** `text` with nothing in it that roff takes for an escape. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti").replaceAll("`", "\\(ga");
}

function quote(text: string): string {
  return `"${roff(text).replaceAll('"', "\\(dq")}"`;
}
