/** Formats numbers for people: with a unit, and three significant digits. */

/** A unit: its name, and how many base units it is. */
export interface Unit {
  name: string;
  factor: number;
}

/** Units by kind, smallest first. The base units are one, one byte and one microsecond. */
const UNITS = {
  count: [
    { name: "", factor: 1 },
    { name: "k", factor: 1e3 },
    { name: "M", factor: 1e6 },
    { name: "G", factor: 1e9 },
  ],
  bytes: [
    { name: "B", factor: 1 },
    { name: "KiB", factor: 1024 },
    { name: "MiB", factor: 1024 ** 2 },
    { name: "GiB", factor: 1024 ** 3 },
    { name: "TiB", factor: 1024 ** 4 },
    { name: "PiB", factor: 1024 ** 5 },
  ],
  latency: [
    { name: "µs", factor: 1 },
    { name: "ms", factor: 1e3 },
    { name: "s", factor: 1e6 },
  ],
} satisfies Record<string, Unit[]>;

/** The smallest unit of `kind` in which `value` has at most three digits before its point. */
export function unitFor(kind: keyof typeof UNITS, value: number): Unit {
  const units: Unit[] = UNITS[kind];
  // 999.5 and more would be rounded to a fourth digit.
  return units.find(({ factor }) => Math.abs(value) < 999.5 * factor) ?? units.at(-1)!;
}

/** Shown where a figure is unknown. */
const NONE = "-";

/**
 * Microseconds in a suitable unit with three or four digits: `87.3 µs`, `1.25 ms`; `-` for null.
 */
export function formatLatency(us: number | null): string {
  return us === null ? NONE : inUnit(us, unitFor("latency", us));
}

/** Bytes in a suitable unit with three digits: `999 B`, `1.50 KiB`, `12.3 MiB`. */
export function formatBytes(bytes: number): string {
  const unit = unitFor("bytes", bytes);
  return unit.factor === 1 ? `${Math.round(bytes)} B` : inUnit(bytes, unit);
}

/**
 * A count or rate in full, in groups of three, with at most one decimal: `941.5`, `94,102`; below 1
 * with two significant digits: `0.25`.
 */
export function formatCount(count: number): string {
  // `toLocaleString` would load locale data for 30 ms at its first use.
  const isSmall = Math.abs(count) < 1;
  const rounded = isSmall ? count.toPrecision(2) : count.toFixed(count < 1000 ? 1 : 0);
  const [whole, decimal] = String(Number(rounded)).split(".");
  const grouped = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return decimal === undefined ? grouped : `${grouped}.${decimal}`;
}

/** `1 client`, `1,000 clients`; `plural` is for words whose plural is not formed with s. */
export function formatAmount(count: number, what: string, plural = `${what}s`): string {
  return `${formatCount(count)} ${count === 1 ? what : plural}`;
}

/** A count or rate in short, for axes: `94.1k`. */
export function formatShortCount(count: number): string {
  const unit = unitFor("count", count);
  return `${Number((count / unit.factor).toPrecision(3))}${unit.name}`;
}

/**
 * A range in one unit, with three digits at each end: `0.9–1.1 ms`, `113k–130k`; empty if its ends
 * are equal in three digits.
 */
export function formatRange(kind: keyof typeof UNITS, low: number, high: number): string {
  const { name, factor } = unitFor(kind, high);
  const [from, to] = [low, high].map((end) => String(Number((end / factor).toPrecision(3))));
  const unit = kind === "count" ? name : ` ${name}`;
  if (from === to) return "";
  return kind === "count" ? `${from}${low === 0 ? "" : unit}–${to}${unit}` : `${from}–${to}${unit}`;
}

/** A relative change, signed: `+12.5%`; `-` when `before` or `after` is unknown or `before` is 0. */
export function formatChange(before: number | null, after: number | null): string {
  if (before === null || after === null || before === 0) return NONE;
  const percent = 100 * (after - before) / before;
  return `${percent < 0 ? "" : "+"}${percent.toFixed(1)}%`;
}

/** `value` (in base units) in `unit`, with three significant digits or all whole ones. */
function inUnit(value: number, unit: Unit): string {
  const scaled = value / unit.factor;
  // The bounds are where rounding adds a digit: 99.97 becomes 100, not 100.0.
  const decimals = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(decimals)} ${unit.name}`;
}
