/** What can be completed where, as plain data that the shells' scripts are made from. */
import type { Command } from "commander";

/** An option as a shell completes it. */
export interface OptionWords {
  long: string;
  short?: string;
  description: string;
  /** Whether a value follows. */
  takesValue: boolean;
  /** The values to choose from; with none given, files are offered. */
  choices: readonly string[];
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** The words that lead to it: `ktcp`, `ktcp sockets`, `ktcp sockets drop`. */
  path: string;
  commands: { name: string; description: string }[];
  options: OptionWords[];
  /** Values of its first argument, if it has a fixed choice. */
  choices: readonly string[];
}

/** Returns `command` and everything below it, outermost first. */
export function describe(command: Command, path: string = command.name()): CommandWords[] {
  const options = command.createHelp().visibleOptions(command).map((option) => ({
    long: option.long!,
    short: option.short,
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  }));
  const commands = command.commands.map((sub) => ({
    name: sub.name(),
    description: sub.summary() || sub.description(),
  }));
  const choices = command.registeredArguments[0]?.argChoices ?? [];
  const below = command.commands.flatMap((sub) => describe(sub, `${path} ${sub.name()}`));
  return [{ path, commands, options, choices }, ...below];
}

/** `text` between single quotes, as POSIX shells and zsh read it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A case branch for each command: `ktcp sockets drop) <line> ;;`. Empty lines are left out. */
export function caseBranches(
  commands: readonly CommandWords[],
  line: (command: CommandWords) => string,
): string {
  return commands.flatMap((command) => {
    const text = line(command);
    return text === "" ? [] : [`    ${shellQuote(command.path)}) ${text} ;;`];
  }).join("\n");
}

/** A case branch for each option whose values are known, by command and option name. */
export function valueBranches(commands: readonly CommandWords[], variable: string): string {
  return commands.flatMap(({ path, options }) =>
    options.filter(({ takesValue }) => takesValue).map(({ long, short, choices }) => {
      const patterns = [long, short].flatMap((flag) => flag ? shellQuote(`${path} ${flag}`) : []);
      return `    ${patterns.join("|")}) ${variable}=(${
        choices.map(shellQuote).join(" ")
      }); value=1 ;;`;
    })
  ).join("\n");
}
