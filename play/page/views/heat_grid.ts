/** Latencies over time as counts in a grid: columns are intervals of time, rows ranges of latency. */
import type { Frame } from "../../protocol.ts";
import { loadSamples } from "./latency.ts";

/** Rows in a decade: each is 26 % wide. */
export const ROWS_PER_DECADE = 10;

/** A grid. Row 0 is the lowest range, column 0 the earliest interval. */
export interface HeatGrid {
  /** Beginning of the first column. */
  startMs: number;
  columnMs: number;
  columns: number;
  /** The lowest row begins at 10 to the power of this, in us. */
  lowestExponent: number;
  rows: number;
  /** Answers, column by column: that of `row` in `column` is at `column * rows + row`. */
  counts: Uint32Array;
  /** The largest of them. */
  most: number;
}

/** The lower edge of a row, in us. */
export function rowEdgeUs(grid: HeatGrid, row: number): number {
  return 10 ** (grid.lowestExponent + row / ROWS_PER_DECADE);
}

/**
 * The latencies of a server's loads in the `spanMs` before `endMs`; null where there are none.
 *
 * Columns begin at multiples of `columnMs`, so that a sample stays in its column while time goes on. The rows
 * are whole decades.
 */
export function heatGrid(
  frames: readonly Frame[],
  server: string,
  { endMs, spanMs, columnMs }: { endMs: number; spanMs: number; columnMs: number },
): HeatGrid | null {
  const columns = Math.ceil(spanMs / columnMs);
  const startMs = (Math.floor(endMs / columnMs) - columns + 1) * columnMs;
  const samples = loadSamples(frames, server).flatMap(
    ({ startMs: fromMs, endMs: toMs, latency }) => {
      const column = Math.floor(((fromMs + toMs) / 2 - startMs) / columnMs);
      return column < 0 || column >= columns ? [] : [{ column, latency }];
    },
  );
  let [least, largest] = [Infinity, 0];
  for (const { latency: { upToUs, counts } } of samples) {
    for (let i = 0; i < upToUs.length; ++i) {
      if (counts[i] === 0) continue;
      least = Math.min(least, upToUs[i]);
      largest = Math.max(largest, upToUs[i]);
    }
  }
  if (largest === 0) return null;
  const lowestRow = Math.floor(rowOf(least) / ROWS_PER_DECADE) * ROWS_PER_DECADE;
  const rows = (Math.floor(rowOf(largest) / ROWS_PER_DECADE) + 1) * ROWS_PER_DECADE - lowestRow;
  const counts = new Uint32Array(columns * rows);
  let most = 0;
  for (const { column, latency } of samples) {
    for (let i = 0; i < latency.upToUs.length; ++i) {
      const at = column * rows + rowOf(latency.upToUs[i]) - lowestRow;
      counts[at] += latency.counts[i];
      most = Math.max(most, counts[at]);
    }
  }
  return {
    startMs,
    columnMs,
    columns,
    lowestExponent: lowestRow / ROWS_PER_DECADE,
    rows,
    counts,
    most,
  };
}

/** The row of a bucket, counted from 1 us: ranges begin above their lower edge, as buckets do. */
function rowOf(upToUs: number): number {
  // Logarithms are not exact: 1,000 us must not be above 10 ** 3.
  return Math.max(0, Math.ceil(Math.log10(upToUs) * ROWS_PER_DECADE - 1e-9) - 1);
}
