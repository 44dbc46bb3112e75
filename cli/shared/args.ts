/**
 * Parsers for option values, each with its unit, its bounds and an error that says what to write.
 * They are meant for commander's `.option(flags, description, parser, default)`.
 */
import { InvalidArgumentError } from "commander";

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

/** What the help says about the units of values, for options with these flags. */
export function unitsHelp(flags: readonly string[]): string {
  const takes = (value: RegExp) => flags.some((flag) => value.test(flag));
  const lines = [
    takes(/[<[](duration|time|interval)[>\]]/i) && "Durations: 250us, 500ms, 5s, 2m, 1h, or 0.",
    takes(/<size>/i) && "Sizes: bytes, or with a unit: 64k, 1m, 2g (powers of 1024).",
  ].filter((line) => line !== false);
  return lines.length === 0 ? "" : `\n${lines.join("\n")}`;
}
