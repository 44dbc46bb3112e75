/** Small plots out of characters, for the terminal. Pure. */
import { fittingTable, table, widthOf } from "./text_layout.ts";

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LEVELS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** A horizontal bar of `share` (0…1) of `width` columns, to an eighth of a column. */
export function barLine(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  // What exists is visible, however small.
  if (eighths === 0) return share > 0 ? EIGHTHS[1] : "";
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** One bar of {@linkcode barPlot}; `low` and `high` are the spread of repeated measurements. */
export interface Bar {
  name: string;
  value: number;
  low?: number;
  high?: number;
}

/**
 * Bars under each other from 0, each with its value and, where it was measured repeatedly, its
 * spread.
 *
 * @param format writes a value with its unit
 * @param width columns of the longest bar
 */
export function barPlot(bars: Bar[], format: (value: number) => string, width = 40): string {
  const most = Math.max(...bars.map((bar) => bar.value), Number.MIN_VALUE);
  return table(bars.map(({ name, value, low, high }) => [
    name,
    barLine(value / most, width).padEnd(width),
    format(value),
    low === undefined || high === undefined ? "" : `(${format(low)} to ${format(high)})`,
  ]));
}

/** A row of little columns, one for each value from 0 to the largest: `▁▃▆█`. */
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

/** Longest and shortest bar of {@linkcode stepPlot} in columns; shorter ones say nothing. */
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
    // What was never seen, as errors should not be, needs no bars.
    most[i] > 0 ? `${barLine(value / most[i], bar).padEnd(bar)} ${cell.padStart(widths[i])}` : cell;
  const rows = steps.map(({ load, bars }, step) => [
    load,
    ...bars.map(({ value }, i) => withBar(value, i, cells[step][i])),
  ]);
  return table([header, ...rows]);
}
