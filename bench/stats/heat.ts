/**
 * Latency over time as a grid of counts: a column for each time span, a cell for each range of
 * latencies. The grid is bounded: when it is full, columns are merged in pairs.
 */
import type { LatencyHistogram } from "./histogram.ts";

/** Ranges of latencies per decade; each is 12 % wide. */
const CELLS_PER_DECADE = 20;

/** The lowest range ends at a tenth of a microsecond, the highest one above an hour. */
const LOWEST_EXPONENT = -1;
const DECADES = 11;

/** Most columns that are kept: one for each INTERVAL_MS of the first 48 s. */
const MAX_COLUMNS = 240;

const CELLS = CELLS_PER_DECADE * DECADES + 1;

/** Where each range ends, in microseconds. */
const EDGES_US = Array.from(
  { length: CELLS },
  (_, i) => 10 ** (LOWEST_EXPONENT + i / CELLS_PER_DECADE),
);

/** A time span. */
export interface HeatColumn {
  /** In milliseconds since the epoch. */
  startMs: number;
  endMs: number;
  /** Samples by range of latencies, see {@linkcode HeatGrid.rows}. */
  counts: number[];
}

/** A grid of at most the columns and rows that were asked for. */
export interface HeatGrid {
  columns: HeatColumn[];
  /** The ranges in ascending order, in microseconds; each begins where the one before ends. */
  rows: { fromUs: number; toUs: number }[];
}

/** Collects a run. */
export class Heat {
  #columns: HeatColumn[] = [];
  /** Intervals per column at present. */
  #perColumn = 1;
  #inLast = 0;

  /** Adds the `latency` of the interval from `startMs` to `endMs`. */
  add(startMs: number, endMs: number, latency: LatencyHistogram): void {
    let total = 0;
    const counts = latency.countsUpTo(EDGES_US).map((upTo) => {
      const own = upTo - total;
      total = upTo;
      return own;
    });
    const column = { startMs, endMs, counts };
    if (this.#inLast > 0 && this.#inLast < this.#perColumn) {
      this.#columns.push(joined(this.#columns.pop()!, column));
      this.#inLast++;
      return;
    }
    if (this.#columns.length === MAX_COLUMNS) {
      this.#columns = inGroups(this.#columns, 2);
      this.#perColumn *= 2;
    }
    this.#columns.push(column);
    this.#inLast = 1;
  }

  /** The run so far in at most `maxColumns` by `maxRows` cells; null when nothing was recorded. */
  grid(maxColumns: number, maxRows: number): HeatGrid | null {
    const columns = inGroups(this.#columns, Math.ceil(this.#columns.length / maxColumns));
    const used = EDGES_US.map((_, cell) => columns.some(({ counts }) => counts[cell] > 0));
    const first = used.indexOf(true);
    if (first < 0) return null;
    const last = used.lastIndexOf(true);
    // Rows are aligned to decades, so that their edges are round.
    const sizes = [1, 2, 4, 5, 10, 20, 40, 100];
    const spans = (size: number) => Math.ceil(last / size) - Math.ceil(first / size) + 1;
    const size = sizes.find((size) => spans(size) <= maxRows) ?? CELLS;
    const lowest = Math.ceil(first / size);
    const rows = Array.from({ length: spans(size) }, (_, i) => ({
      fromUs: EDGES_US[Math.max(0, (lowest + i - 1) * size)],
      toUs: EDGES_US[Math.min(CELLS - 1, (lowest + i) * size)],
    }));
    return {
      rows,
      columns: columns.map(({ startMs, endMs, counts }) => ({
        startMs,
        endMs,
        counts: rows.map((_, i) => {
          const end = (lowest + i) * size;
          return counts.slice(Math.max(0, end - size + 1), end + 1).reduce((a, b) => a + b, 0);
        }),
      })),
    };
  }
}

function inGroups(columns: readonly HeatColumn[], size: number): HeatColumn[] {
  const groups: HeatColumn[] = [];
  for (let i = 0; i < columns.length; i += Math.max(1, size)) {
    groups.push(columns.slice(i, i + Math.max(1, size)).reduce(joined));
  }
  return groups;
}

function joined(a: HeatColumn, b: HeatColumn): HeatColumn {
  return {
    startMs: Math.min(a.startMs, b.startMs),
    endMs: Math.max(a.endMs, b.endMs),
    counts: a.counts.map((count, i) => count + b.counts[i]),
  };
}
