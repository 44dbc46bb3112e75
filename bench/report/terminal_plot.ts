/** Small plots made of characters, for the terminal. Pure. */
import { fittingTable, table, widthOf, wrap } from "./text_layout.ts";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A horizontal bar of `share` (0…1) of `width` columns, to an eighth of a column. */
export function barLine(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  // Values above 0 are visible, however small.
  if (eighths === 0) return share > 0 ? EIGHTHS[1] : "";
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** One bar of {@linkcode barPlot}. */
export interface Bar {
  name: string;
  value: number;
  /** The spread of repeated measurements, as text. */
  range?: string;
}

/** Ratio of the largest to the smallest value above which the smallest bar would vanish. */
const LOG_RATIO = 30;

/** Longest and shortest bars of {@linkcode barPlot} in columns. */
const MAX_BAR = 32;
const MIN_BAR = 8;

/**
 * Horizontal bars, each with its value and, if it was measured repeatedly and there is room, its
 * spread. If the smallest one would vanish, the scale is logarithmic.
 *
 * @param format writes a value with its unit
 * @param width columns of the whole plot
 */
export function barPlot(bars: Bar[], format: (value: number) => string, width = 80): string {
  const { share, begin } = lengthScale(bars.map(({ value }) => value));
  const plot = (columns: number, hasRanges: boolean) =>
    table(
      bars.map(({ name, value, range }) => [
        name,
        barLine(share(value), columns).padEnd(columns),
        format(value),
        range && hasRanges ? `(${range})` : "",
      ]),
    );
  const hasRoom = widthOf(plot(MIN_BAR, true)) <= width;
  const room = width - widthOf(plot(0, hasRoom));
  const drawn = plot(Math.max(MIN_BAR, Math.min(MAX_BAR, room)), hasRoom);
  if (begin === null) return drawn;
  const note = `Logarithmic: the bars begin at ${format(begin)}.`;
  return `${drawn}\n${wrap(note, { width, margin: "" })}`;
}

/** How values are drawn as lengths. */
export interface LengthScale {
  /** The length of a value, as a share of the longest. */
  share(value: number): number;
  /** Where a logarithmic scale begins; null for one that begins at 0. */
  begin: number | null;
}

/** The scale on which no positive one of `values` vanishes beside the largest. */
export function lengthScale(values: readonly number[]): LengthScale {
  const most = Math.max(...values, Number.MIN_VALUE);
  const least = Math.min(...values.filter((value) => value > 0), most);
  if (most / least <= LOG_RATIO) return { share: (value) => value / most, begin: null };
  // Begins up to a decade below the smallest value, so that its bar is visible.
  const begin = 10 ** (Math.ceil(Math.log10(least)) - 1);
  const share = (value: number) =>
    value <= begin ? 0 : Math.log10(value / begin) / Math.log10(most / begin);
  return { share, begin };
}

/** A row of small columns, one for each value, scaled from 0 to the largest: `▁▃▆█`. */
export function sparkline(values: number[]): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  return values
    .map((value) => LEVELS[Math.round(Math.max(0, value) / most * (LEVELS.length - 1))])
    .join("");
}

/** A measured step of {@linkcode stepPlot}: throughput and a latency at one load. */
export interface Step {
  load: string;
  bars: Bar[];
}

/** Longest and shortest bar of {@linkcode stepPlot} in columns; shorter ones would tell nothing. */
const MAX_STEP_BAR = 20;
const MIN_STEP_BAR = 4;

/**
 * Throughput (or anything) over load: for each step the figures side by side, each with a bar on
 * its own scale as far as `width` columns have room for bars.
 *
 * @param formats one for each figure, in the order of the bars
 */
export function stepPlot(
  steps: Step[],
  formats: ((value: number) => string)[],
  width: number,
): string {
  const cells = steps.map(({ bars }) => bars.map(({ value }, i) => formats[i](value)));
  const header = ["", ...(steps[0]?.bars ?? []).map(({ name }) => name)];
  const numbers = [header, ...steps.map(({ load }, step) => [load, ...cells[step]])];
  const plain = fittingTable(numbers, width);
  const room = Math.floor((width - widthOf(plain)) / formats.length) - 1;
  if (room < MIN_STEP_BAR) return plain;
  const most = formats.map((_, i) => Math.max(...steps.map((step) => step.bars[i].value)));
  const widths = formats.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const bar = Math.min(MAX_STEP_BAR, room);
  const withBar = (value: number, i: number, cell: string) =>
    // A figure that is always 0, such as errors, gets no bars.
    most[i] > 0 ? `${barLine(value / most[i], bar).padEnd(bar)} ${cell.padStart(widths[i])}` : cell;
  const rows = steps.map(({ load, bars }, step) => [
    load,
    ...bars.map(({ value }, i) => withBar(value, i, cells[step][i])),
  ]);
  return table([header, ...rows]);
}
