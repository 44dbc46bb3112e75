/** The tables of an experiment, one per group of variants, for every kind of output. Pure. */
import {
  type FigureKey,
  figureOf,
  FIGURES,
  formatFigure,
  formatSpread,
  SUBJECTS,
} from "./figures.ts";
import type { VariantResult } from "./measure.ts";

/** A figure of a variant. */
export interface Cell {
  /** The median, or `-`. */
  text: string;
  /** `64–65.2 µs`, the lowest to the highest repetition; empty where they agree. */
  range: string;
}

/** The variants of one group, with some or all of its figures. */
export interface GroupTable {
  /** The group, and the subject if its figures need several tables. */
  title: string;
  /** The figures, and their labels. */
  keys: FigureKey[];
  header: string[];
  rows: { name: string; cells: Cell[] }[];
  /** A note about the figures; may be empty. */
  note: string;
}

/** Most figures in a table, so that its columns fit on a page. */
const MAX_FIGURES = 7;

/** The note for figures that are parts of another. */
export const PARTS_NOTE =
  "Each figure is the median of its own repetitions, so the time in user mode and " +
  "the time in the kernel need not add up to the CPU time.";

/** The tables of each group of `variants`, with the figures that the group has. */
export function groupTables(variants: readonly VariantResult[]): GroupTable[] {
  const groups = [...new Set(variants.map(({ group }) => group))];
  return groups.flatMap((group) => {
    const own = variants.filter((variant) => variant.group === group);
    const keys = (Object.keys(FIGURES) as FigureKey[]).filter((key) =>
      // The column of failures is shown only if there are any.
      own.some((variant) => key === "failed" ? variant.failed > 0 : variant.spreads[key])
    );
    if (keys.length <= MAX_FIGURES) return [groupTable(group, own, keys)];
    return SUBJECTS.flatMap((subject) => {
      const about = keys.filter((key) => (figureOf(key).subject ?? "load") === subject);
      return about.length === 0 ? [] : [groupTable(`${group}: ${subject}`, own, about)];
    });
  });
}

function groupTable(title: string, variants: VariantResult[], keys: FigureKey[]): GroupTable {
  // Variants without any of these figures are left out.
  const own = variants.filter(({ spreads }) =>
    keys.some((key) => key === "failed" || spreads[key])
  );
  return {
    title,
    keys,
    header: keys.map((key) => figureOf(key).label),
    rows: own.map((variant) => ({
      name: rowName(variant),
      cells: keys.map((key) => cellOf(variant, key)),
    })),
    note: keys.includes("userUsPerRequest") && own.some(({ samples }) => samples.length > 1)
      ? PARTS_NOTE
      : "",
  };
}

/** The name of a variant within its group. */
export function rowName({ label, x, xText }: VariantResult): string {
  return x === undefined ? label : `${label}, ${xText ?? x}`;
}

/** The label of a variant on an axis. */
export function tickOf({ x, xText, tick }: VariantResult): string {
  return tick ?? xText ?? String(x);
}

function cellOf({ spreads, failed }: VariantResult, key: FigureKey): Cell {
  if (key === "failed") return { text: formatFigure(key, failed), range: "" };
  const spread = spreads[key];
  if (!spread) return { text: "-", range: "" };
  return { text: formatFigure(key, spread.median), range: formatSpread(key, spread) };
}
