/** Where the cells of connections are: each keeps its place as long as its connection is open. */
import type { ConnectionColumns } from "../../../servers/models/server_sample.ts";

/** Places of connections. */
export interface CellSlots {
  /** For each place the index into the sample's columns, or -1 where the place is free. */
  readonly indexes: readonly number[];
  /** For each place the id of its connection, or null. */
  readonly ids: readonly (number | null)[];
}

export const NO_SLOTS: CellSlots = { indexes: [], ids: [] };

/**
 * Places for the connections of a sample: an open connection stays where it was in `before`; a new
 * one takes the first free place, the lowest id first. While a connection is open, there are never
 * fewer places than before, so that the picture does not jump.
 */
export function placeCells(before: CellSlots, { ids }: Pick<ConnectionColumns, "ids">): CellSlots {
  if (ids.length === 0) return NO_SLOTS;
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const placed: (number | null)[] = before.ids.map((id) =>
    id !== null && indexOf.has(id) ? id : null
  );
  const stayed = new Set(placed);
  const fresh = ids.filter((id) => !stayed.has(id)).sort((a, b) => a - b);
  let place = 0;
  for (const id of fresh) {
    while (place < placed.length && placed[place] !== null) place++;
    placed[place] = id;
  }
  return {
    ids: placed,
    indexes: placed.map((id) => id === null ? -1 : indexOf.get(id)!),
  };
}

/** A grid of cells. */
export interface CellGrid {
  /** Side of a cell with the gap after it, in px. */
  pitch: number;
  columns: number;
  rows: number;
}

/** Sides of cells with their gaps, in px. */
const LARGEST_PITCH = 28;
const SMALLEST_PITCH = 8;

/** The grid with the largest cells that holds `places` in `width` and, as far as it can, in `height` px. */
export function cellGrid(places: number, width: number, height: number): CellGrid {
  const gridOf = (pitch: number) => {
    const columns = Math.max(1, Math.floor(width / pitch));
    return { pitch, columns, rows: Math.ceil(places / columns) };
  };
  for (let pitch = LARGEST_PITCH; pitch > SMALLEST_PITCH; --pitch) {
    const grid = gridOf(pitch);
    if (grid.rows * pitch <= height) return grid;
  }
  return gridOf(SMALLEST_PITCH);
}

/** The place at a point of a grid, in px; -1 outside of the grid. */
export function placeAt({ pitch, columns, rows }: CellGrid, x: number, y: number): number {
  const [column, row] = [Math.floor(x / pitch), Math.floor(y / pitch)];
  return column < 0 || column >= columns || row < 0 || row >= rows ? -1 : row * columns + column;
}

/** The first place with a connection from `from` on in steps of `step`; `from` where there is none. */
export function nextPlace({ ids }: CellSlots, from: number, step: number): number {
  for (let place = from + step; place >= 0 && place < ids.length; place += step) {
    if (ids[place] !== null) return place;
  }
  return from;
}

/** How many connections are in each phase, by its index in `CONNECTION_PHASES`. */
export function phaseCounts({ phases }: Pick<ConnectionColumns, "phases">): number[] {
  const counts: number[] = [];
  for (const phase of phases) counts[phase] = (counts[phase] ?? 0) + 1;
  return Array.from(counts, (count) => count ?? 0);
}

/** How full a cell's bar of bytes is, 0 to 1: logarithmic, because most blocks are nearly empty. */
export function byteShare(bytes: number, mostBytes: number): number {
  if (bytes <= 0) return 0;
  return Math.min(1, Math.log2(bytes + 1) / Math.log2(Math.max(2, mostBytes + 1)));
}
