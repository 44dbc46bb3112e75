/**
 * What a command's help says beside its options, and how help is laid out: in the width of the
 * terminal, options by subject, examples last.
 */
import { type Argument, type Command, Help, Option } from "commander";
import { wrap } from "../../bench/report/text_layout.ts";
import { unitsOf } from "./options.ts";
import { outputWidth } from "./output.ts";
import { shellLines } from "./shell_lines.ts";

/** What the help of a command says after its options. */
export interface Notes {
  /** Paragraphs. */
  about?: readonly string[];
  /** What exit codes mean, where they say more than those of every command. */
  exit?: Readonly<Record<number, string>>;
  /** Command lines, and what each is for. */
  examples: readonly (readonly [line: string, what: string])[];
}

const notes = new WeakMap<Command, Notes>();

/** Sets what the help of `command` says after its options. */
export function withNotes(command: Command, told: Notes): Command {
  notes.set(command, told);
  return command;
}

/** What the help of `command` says after its options. */
export function notesOf(command: Command): Notes {
  return notes.get(command) ?? { examples: [] };
}

/** The heading of options that were given none. */
const OPTIONS = "Options:";

/** Columns of help on a wide terminal: longer lines are hard to read. */
const WIDEST = 100;

/** If fewer columns are left for descriptions, these go below what they describe. */
const LEAST_ROOM = 30;

/** The help of ktcp's commands. */
export class HelpLayout extends Help {
  override minWidthToWrap = 1;

  /** Columns that the help may take. */
  get #width(): number {
    return this.helpWidth ?? 80;
  }

  override styleUsage(usage: string): string {
    const margin = " ".repeat("Usage: ".length);
    return wrap(usage, { width: this.#width, margin }).trimStart();
  }

  override subcommandTerm(command: Command): string {
    return command.name();
  }

  override optionDescription(option: Option): string {
    return described(option.description, option.argChoices, defaultOf(option));
  }

  override argumentDescription(argument: Argument): string {
    return described(argument.description, argument.argChoices);
  }

  override formatItem(term: string, termWidth: number, description: string): string {
    const width = this.#width;
    if (description === "") return `  ${term}`;
    if (width - termWidth - 4 < LEAST_ROOM) {
      return `  ${term}\n${wrap(description, { width, margin: " ".repeat(6) })}`;
    }
    return wrap(description, { width, margin: "  ", bullet: term.padEnd(termWidth + 2) });
  }

  override formatHelp(command: Command, helper: Help): string {
    return [super.formatHelp(command, helper).trimEnd(), ...this.#notes(command)].join("\n\n") +
      "\n";
  }

  /** The commands below `command`, by what they are for. */
  commandLists(command: Command): string {
    const width = this.longestSubcommandTermLength(command, this);
    const groups = Map.groupBy(this.visibleCommands(command), (sub) => sub.helpGroup());
    return [...groups].map(([heading, subs]) =>
      [
        heading,
        ...subs.map((sub) => this.formatItem(sub.name(), width, this.subcommandDescription(sub))),
      ].join("\n")
    ).join("\n\n");
  }

  #notes(command: Command): string[] {
    const { about = [], exit = {}, examples } = notesOf(command);
    const width = this.#width;
    const units = unitsOf(command.options).map((text) => wrap(text, { width, margin: "" }));
    const codes = Object.entries(exit).map(([code, text]) => this.formatItem(code, 3, text));
    return [
      ...about.map((text) => wrap(text, { width, margin: "" })),
      ...(units.length > 0 ? [units.join("\n")] : []),
      ...(codes.length > 0 ? [["Exit codes:", ...codes].join("\n")] : []),
      ...(examples.length > 0 ? [examplesText("Examples:", examples, width)] : []),
    ];
  }
}

/** `examples` below `heading`, each line with what it is for above it. */
export function examplesText(
  heading: string,
  examples: Notes["examples"],
  width: number,
): string {
  const shown = examples.map(([line, what]) =>
    `${wrap(what, { width, margin: "  # " })}\n${shellLines(line, { width, margin: "  " })}`
  );
  return [heading, ...shown].join("\n");
}

/** `text` with the choices and the default that go with it. */
function described(text: string, choices?: readonly string[], standard?: string): string {
  const facts = [
    ...(choices ? [`choices: ${choices.join(", ")}`] : []),
    ...(standard === undefined ? [] : [`default: ${standard}`]),
  ];
  return facts.length === 0 ? text : `${text} (${facts.join("; ")})`;
}

/** The default of `option`, as people write it; undefined when it has none. */
function defaultOf(option: Option): string | undefined {
  if (!option.required && !option.optional) return undefined;
  const { defaultValue, defaultValueDescription } = option;
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  return defaultValue === undefined ? undefined : String(defaultValue);
}

/** Lets `command`, and those below it, show their help in this layout. */
export function presented(command: Command): Command {
  const [first] = command.options.filter((option) => !option.hidden);
  command.addHelpOption(
    new Option("-h, --help", "print this help").helpGroup(first?.helpGroupHeading ?? OPTIONS),
  );
  command.configureOutput({ getOutHelpWidth: () => Math.min(outputWidth(), WIDEST) });
  command.createHelp = () => new HelpLayout();
  command.commands.forEach((sub) => presented(sub as Command));
  return command;
}
