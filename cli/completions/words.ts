/**
 * What can be completed where, as plain data that the shells' scripts are made from. All scripts work
 * the same way: they walk over the words before the cursor to find the command, how many arguments
 * it has so far and whether an option waits for its value; then they look up here what to offer.
 */
import type { Command } from "commander";
import { HelpLayout } from "../shared/help.ts";
import { type Values, valuesOf } from "../shared/values.ts";

/** A word and what it is for. */
export interface Word {
  name: string;
  description: string;
}

/** An option as a shell completes it. */
export interface OptionWords {
  long: string;
  short?: string;
  description: string;
  /** Whether a value follows, or several do. */
  takes: "nothing" | "one" | "many";
  values: Values;
}

/** A command as a shell completes it. */
export interface CommandWords {
  /** The words that lead to it: `ktcp`, `ktcp sockets`, `ktcp sockets drop`. */
  path: string;
  commands: Word[];
  options: OptionWords[];
  /** Its arguments in order. */
  places: { values: Values; isVariadic: boolean }[];
}

/** Returns `command` and everything below it, outermost first. */
export function describe(command: Command, path: string = command.name()): CommandWords[] {
  const layout = new HelpLayout();
  const options = layout.visibleOptions(command).map((option): OptionWords => ({
    long: option.long!,
    short: option.short,
    description: option.description,
    // A value that may be left out is not offered: what follows may be an argument.
    takes: !option.required ? "nothing" : option.variadic ? "many" : "one",
    values: option.required ? valuesOf(option) : [],
  }));
  const commands = layout.visibleCommands(command).map((sub) => ({
    name: sub.name(),
    description: layout.subcommandDescription(sub),
  }));
  const places = command.registeredArguments.map((argument) => ({
    values: valuesOf(argument),
    isVariadic: argument.variadic,
  }));
  const below = command.commands.flatMap((sub) =>
    describe(sub as Command, `${path} ${sub.name()}`)
  );
  return [{ path, commands, options, places }, ...below];
}

/** Something to offer, and where: `keys` are places such as `ktcp http --engine`, or `ktcp http 1`. */
export interface Offer {
  keys: string[];
  /** Whether `keys` stand for an argument that may be repeated; they have no number then. */
  isRepeated: boolean;
  values: "file" | "directory" | readonly Word[];
}

/** What the scripts look up. */
export interface Tables {
  /** Commands below ktcp, by all of their words. */
  paths: string[];
  /** Options that take a value, and those that take several: `ktcp http --engine`. */
  takesOne: string[];
  takesMany: string[];
  /** For the values of options, by command and option. */
  values: Offer[];
  /** For commands and arguments, by command and place, which counts from 1. */
  places: Offer[];
  /** Options, by command. */
  options: Offer[];
}

/** Returns the tables of `commands`, without places that have nothing to offer. */
export function tablesOf(commands: readonly CommandWords[]): Tables {
  const takers = commands.flatMap(({ path, options }) =>
    options.map(({ long, short, takes, values }) => ({
      keys: [long, ...(short ? [short] : [])].map((flag) => `${path} ${flag}`),
      takes,
      values: wordsOf(values),
    }))
  );
  const keysOf = (takes: OptionWords["takes"]) =>
    takers.filter((taker) => taker.takes === takes).flatMap(({ keys }) => keys);
  return {
    paths: commands.slice(1).map(({ path }) => path),
    takesOne: keysOf("one"),
    takesMany: keysOf("many"),
    values: takers.map(({ keys, values }) => ({ keys, isRepeated: false, values })).filter(
      isUseful,
    ),
    places: commands.flatMap(placesOf).filter(isUseful),
    options: commands.map(({ path, options }) => ({
      keys: [path],
      isRepeated: false,
      values: options.flatMap(({ long, short, description }) =>
        [long, ...(short ? [short] : [])].map((name) => ({ name, description }))
      ),
    })).filter(isUseful),
  };
}

function placesOf({ path, commands, places }: CommandWords): Offer[] {
  const offers = places.map(({ values, isVariadic }, i): Offer => ({
    keys: [isVariadic ? path : `${path} ${i + 1}`],
    isRepeated: isVariadic,
    values: wordsOf(values),
  }));
  if (commands.length === 0) return offers;
  return [{ keys: [`${path} 1`], isRepeated: false, values: commands }, ...offers];
}

function wordsOf(values: Values): Offer["values"] {
  return typeof values === "string" ? values : values.map((name) => ({ name, description: "" }));
}

function isUseful({ values }: Offer): boolean {
  return values.length > 0;
}

/** `text` between single quotes, as POSIX shells and zsh read it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Branches of a `case` for POSIX shells and zsh: one for each of `offers`, with the line for it. */
export function branches(offers: readonly Offer[], line: (offer: Offer) => string): string {
  return offers.map((offer) => {
    const patterns = offer.keys.map((key) =>
      offer.isRepeated ? `${shellQuote(`${key} `)}*` : shellQuote(key)
    );
    return `    ${patterns.join("|")}) ${line(offer)} ;;`;
  }).join("\n");
}

/** One branch for all of `keys`; none when there are none. */
export function branch(keys: readonly string[], line: string): string[] {
  return keys.length === 0 ? [] : [`      ${keys.map(shellQuote).join("|")}) ${line} ;;`];
}

/** The walk over the words before the cursor, for the loop over `$word` of POSIX shells and zsh. */
export function walk({ paths, takesOne, takesMany }: Tables): string {
  return [
    `    if [ -n "$taking" ] && { [ -z "$many" ] || [ "\${word#-}" = "$word" ]; }; then`,
    `      [ -n "$many" ] || taking=`,
    "      continue",
    "    fi",
    "    taking= many=",
    `    case "$at $word" in`,
    ...branch(takesOne, 'taking="$at $word"'),
    ...branch(takesMany, 'taking="$at $word" many=1'),
    `      *" "-*) ;;`,
    ...branch(paths, 'at="$at $word" place=1'),
    "      *) place=$((place + 1)) ;;",
    "    esac",
  ].join("\n");
}
