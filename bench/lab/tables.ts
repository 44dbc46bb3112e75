/** The table of each group of an experiment's variants, for every kind of output. Pure. */
import { type FigureKey, figureOf, FIGURES, formatFigure } from "./figures.ts";
import type { VariantResult } from "./measure.ts";
import { relativeSpread } from "../stats/spread.ts";

/** A figure of a variant. */
export interface Cell {
  /** The median, or `-`. */
  text: string;
  /** `±8%`: half of the range; empty where nothing was repeated or nothing differs. */
  spread: string;
}

/** The variants of one group. */
export interface GroupTable {
  group: string;
  /** Labels of the figures. */
  header: string[];
  rows: { name: string; cells: Cell[] }[];
}

/** A table for each group of `variants`, with the figures that the group has. */
export function groupTables(variants: readonly VariantResult[]): GroupTable[] {
  const groups = [...new Set(variants.map(({ group }) => group))];
  return groups.map((group) => {
    const own = variants.filter((variant) => variant.group === group);
    const keys = (Object.keys(FIGURES) as FigureKey[]).filter((key) =>
      key !== "failed" && own.some(({ spreads }) => spreads[key] !== undefined)
    );
    return {
      group,
      header: [...keys.map((key) => figureOf(key).label), FIGURES.failed.label],
      rows: own.map((variant) => ({
        name: rowName(variant),
        cells: [
          ...keys.map((key) => cellOf(variant, key)),
          { text: formatFigure("failed", variant.failed), spread: "" },
        ],
      })),
    };
  });
}

/** What tells a variant from the others of its group. */
export function rowName({ label, x, xText }: VariantResult): string {
  return x === undefined ? label : `${label}, ${xText ?? x}`;
}

/** The place of a variant on an axis. */
export function tickOf({ x, xText, tick }: VariantResult): string {
  return tick ?? xText ?? String(x);
}

function cellOf({ spreads, samples }: VariantResult, key: FigureKey): Cell {
  const spread = spreads[key];
  if (!spread) return { text: "-", spread: "" };
  const part = relativeSpread(spread);
  const isShown = samples.length > 1 && part >= 0.005;
  return {
    text: formatFigure(key, spread.median),
    spread: isShown ? `±${Math.round(100 * part)}%` : "",
  };
}
