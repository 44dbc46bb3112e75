/**
 * The kinds of options: how the help writes their value, how it is read, within which bounds, and
 * how a default is shown.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { LOOPBACK } from "../../system/address.ts";

/** Where a server listens, and where a client looks for it, unless told otherwise. */
export const DEFAULT_HOST = LOOPBACK;
export const DEFAULT_PORT = { echo: 12345, http: 8081 };

const DURATION_UNITS_MS: Record<string, number> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3.6e6,
};
const SIZE_UNITS: Record<string, number> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** The longest delay a timer takes: 2^31 - 1 ms, about 24 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** Parses `500ms`, `5s`, `1.5m`, `2h` or `0` (no unit needed for zero) to milliseconds. */
export function parseDuration(text: string): number {
  if (/^0+$/.test(text)) return 0;
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|m|h)$/.exec(text);
  if (!match) {
    throw new InvalidArgumentError(`Not a duration; write it like 500ms, 5s, 2m or 0.`);
  }
  const ms = Number(match[1]) * DURATION_UNITS_MS[match[2]];
  if (ms > MAX_DURATION_MS) throw new InvalidArgumentError(`Too long; at most 24 days.`);
  return ms;
}

/** Like {@linkcode parseDuration}, refusing 0. */
export function parsePositiveDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw new InvalidArgumentError("Write a time above 0, like 500ms or 5s.");
  return ms;
}

/** Parses `4096`, `64k`, `1m`, `2g` (powers of 1024) to bytes. */
export function parseSize(text: string): number {
  const match = /^(\d+)(?:([kmg])i?)?b?$/i.exec(text);
  if (!match) throw new InvalidArgumentError(`Not a size; write it like 4096, 64k or 1m.`);
  const bytes = Number(match[1]) * SIZE_UNITS[match[2]?.toLowerCase() ?? ""];
  if (!Number.isSafeInteger(bytes)) throw new InvalidArgumentError(`Too large for a size.`);
  return bytes;
}

/** Like {@linkcode parseSize}, refusing what lies outside `min`…`max` bytes. */
export function sizeBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const bytes = parseSize(text);
    if (bytes < min || bytes > max) {
      throw new InvalidArgumentError(`Outside of ${formatSize(min)} to ${formatSize(max)}.`);
    }
    return bytes;
  };
}

/** Returns a parser for whole decimal numbers in `min`…`max`. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) {
      throw new InvalidArgumentError(`Not a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

/** Returns a parser for decimal numbers above 0 and up to `max`, such as `0.5`. */
export function amountUpTo(max: number): (text: string) => number {
  return (text) => {
    const value = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (!(value > 0 && value <= max)) {
      throw new InvalidArgumentError(`Not a number above 0 and up to ${max}.`);
    }
    return value;
  };
}

/** Parses a TCP port; 0 lets the system choose one. */
export function parsePort(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(value <= 65535)) throw new InvalidArgumentError(`Not a port; write 0 to 65535.`);
  return value;
}

/** Parses a host to listen on: an address or a name; IPv6 with or without its brackets. */
export function parseHost(text: string): string {
  const host = /^\[(.*:.*)\]$/.exec(text)?.[1] ?? text;
  const isAddress = /^[0-9a-f.:]*:[0-9a-f.:]*:[0-9a-f.:]*(%\w+)?$/i.test(host);
  if (!isAddress && !/^[\w.-]+$/.test(host)) {
    throw new InvalidArgumentError("Not a host; write one like 127.0.0.1, ::1 or localhost.");
  }
  return host;
}

/** Parses a path of a file. */
export function parsePath(text: string): string {
  if (text === "") throw new InvalidArgumentError("Not a path; name a file.");
  return text;
}

/** `bytes` in the largest unit that divides it: 65536 is `64k`. */
export function formatSize(bytes: number): string {
  for (const unit of ["g", "m", "k"]) {
    if (bytes > 0 && bytes % SIZE_UNITS[unit] === 0) return `${bytes / SIZE_UNITS[unit]}${unit}`;
  }
  return String(bytes);
}

/** Milliseconds as {@linkcode parseDuration} reads them: 5000 is `5s`, 0 is `0`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** How the values of a kind of options are written and read. */
interface Kind<T> {
  /** What stands for the value in the help. */
  metavar: string;
  /** @throws {InvalidArgumentError} which says what to write */
  parse(text: string): T;
  /** Writes a value as `parse` reads it. */
  format?(value: T): string;
}

/** What holds when an option is not given. */
interface Default<T> {
  default?: T;
  /** How the help describes it where it is not a fixed value: `half the cores`. */
  unset?: string;
}

function optionOf<T>(
  flags: string,
  text: string,
  { metavar, parse, format = String, default: value, unset }: Kind<T> & Default<T>,
): Option {
  const option = new Option(`${flags} <${metavar}>`, text).argParser(parse);
  const shown = value === undefined ? unset : format(value);
  return shown === undefined ? option : option.default(value, shown);
}

/** An option for a whole number from `min` (1) to `max`. */
export function count(
  flags: string,
  text: string,
  { min = 1, max, ...rest }: { min?: number; max: number } & Default<number>,
): Option {
  return optionOf(flags, text, { metavar: "n", parse: integerBetween(min, max), ...rest });
}

/** An option for a number above 0, which may be a fraction, up to `max`. */
export function amount(flags: string, text: string, { max }: { max: number }): Option {
  return optionOf(flags, text, { metavar: "n", parse: amountUpTo(max) });
}

/** An option for bytes from `min` (0) to `max`. */
export function size(
  flags: string,
  text: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...rest }: {
    min?: number;
    max?: number;
    default?: number;
  } = {},
): Option {
  const parse = sizeBetween(min, max);
  return optionOf(flags, text, { metavar: "size", parse, format: formatSize, ...rest });
}

/** An option for a duration, in milliseconds. */
export function duration(
  flags: string,
  text: string,
  { isPositive = false, ...rest }: { isPositive?: boolean } & Default<number> = {},
): Option {
  const parse = isPositive ? parsePositiveDuration : parseDuration;
  return optionOf(flags, text, { metavar: "time", parse, format: formatDuration, ...rest });
}

/** An option for a TCP port. */
export function port(flags: string, text: string, rest: Default<number> = {}): Option {
  return optionOf(flags, text, { metavar: "port", parse: parsePort, ...rest });
}

/** An option for the path of a Unix domain socket. */
export function path(flags: string, text: string): Option {
  return optionOf(flags, text, { metavar: "path", parse: parsePath });
}

/** An option for the name of a file. */
export function file(flags: string, text: string): Option {
  return optionOf(flags, text, { metavar: "file", parse: parsePath });
}

/** An option for the name of a directory. */
export function directory(flags: string, text: string): Option {
  return optionOf(flags, text, { metavar: "directory", parse: parsePath });
}

/** Adds `options` to `command`, in the order in which the help shows them below `heading`. */
export function addOptions(
  command: Command,
  options: readonly Option[],
  heading = "Options:",
): Command {
  for (const option of options) command.addOption(option.helpGroup(heading));
  return command;
}

/** Adds options to `command` by subject, which is the heading in the help. */
export function addOptionGroups(
  command: Command,
  groups: Readonly<Record<string, readonly Option[]>>,
): Command {
  for (const [subject, options] of Object.entries(groups)) {
    addOptions(command, options, `${subject}:`);
  }
  return command;
}

/** How values of `options` are written: a line for each kind that has units. */
export function unitsOf(options: readonly Option[]): string[] {
  const takes = (value: RegExp) => options.some(({ flags }) => value.test(flags));
  return [
    ...(takes(/[<[]time[>\]]/) ? ["Durations: 250us, 500ms, 5s, 2m, 1h, or 0."] : []),
    ...(takes(/<size>/) ? ["Sizes: bytes, or with a unit: 64k, 1m, 2g (powers of 1024)."] : []),
  ];
}
