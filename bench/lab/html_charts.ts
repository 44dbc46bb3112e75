/** Turns the drawings of an experiment into charts. Pure. */
import { type FigureKey, figureOf } from "./figures.ts";
import type { Drawing } from "./lab.ts";
import type { VariantResult } from "./measure.ts";
import { rowName, tickOf } from "./tables.ts";
import type { ScaleKind } from "../report/axis.ts";
import {
  barChart,
  type BarGroup,
  cdfChart,
  type Chart,
  lineChart,
  type LinePoint,
  scatterChart,
  spectrumChart,
} from "../report/charts.ts";

/** Draws `drawing`; null if nothing of it was measured. */
export function drawingChart(
  drawing: Drawing,
  variants: readonly VariantResult[],
): Chart | null {
  if (drawing.kind === "bars") return bars(drawing, variants);
  if (drawing.kind === "lines") return lines(drawing, variants);
  if (drawing.kind === "scatter") return dots(drawing, variants);
  const curves = variants
    .filter(({ group, x }) => group === drawing.group && (drawing.x ?? x) === x)
    .flatMap((variant) => {
      const curve = variant.curves[drawing.of] ?? [];
      const name = drawing.x === undefined ? rowName(variant) : variant.label;
      return curve.length === 0 ? [] : [{ name, curve }];
    });
  if (curves.length === 0) return null;
  const draw = drawing.kind === "cdf" ? cdfChart : spectrumChart;
  return draw(drawing.title, curves);
}

/**
 * Bars of one figure. With an `x` or several groups, labels become adjacent series; otherwise each
 * label is a bar of its own.
 */
function bars(
  { title, figure, groups }: Drawing & { kind: "bars" },
  variants: readonly VariantResult[],
): Chart | null {
  const own = variants.filter((v) => groups.includes(v.group) && v.spreads[figure]);
  if (own.length === 0) return null;
  const hasPlaces = own.some(({ x }) => x !== undefined);
  const isGrouped = hasPlaces || groups.length > 1;
  const nameOf = (variant: VariantResult) =>
    hasPlaces ? tickOf(variant) : groups.length > 1 ? variant.group : variant.label;
  const names = [...new Set(own.map(nameOf))];
  const barGroups = names.map((name): BarGroup => ({
    name,
    bars: own.filter((variant) => nameOf(variant) === name).map((variant) => {
      const { median, low, high } = variant.spreads[figure]!;
      const series = isGrouped ? variant.label : figureOf(figure).label;
      return { series, value: median, ...(low === high ? {} : { low, high }) };
    }),
  }));
  return barChart(title, barGroups, figureOf(figure).label, scaleKind(figure));
}

/** The clients of all variants of a group, as the plots of the course's reports show them. */
function dots(
  { title, group }: Drawing & { kind: "scatter" },
  variants: readonly VariantResult[],
): Chart | null {
  const series = variants.filter((variant) => variant.group === group).map((variant) => ({
    name: rowName(variant),
    points: variant.clientsUs.flatMap((latencyUs, client) =>
      latencyUs === null ? [] : [{ client, latencyUs }]
    ),
  })).filter(({ points }) => points.length > 0);
  return series.length === 0 ? null : scatterChart(title, series);
}

/** A figure over the variants' `x`: a line for each label, with marks at measured points. */
function lines(
  { title, figure, group, x }: Drawing & { kind: "lines" },
  variants: readonly VariantResult[],
): Chart | null {
  // A server of `--target` may have been measured at an `x` that the others lack.
  const own = variants.filter((v) => v.group === group && v.spreads[figure])
    .sort((a, b) => (a.x ?? 0) - (b.x ?? 0));
  if (own.length === 0) return null;
  const points = own.map((variant): LinePoint => {
    const { median, low, high } = variant.spreads[figure]!;
    return { series: variant.label, place: tickOf(variant), value: median, low, high };
  });
  return lineChart(title, points, {
    what: figureOf(figure).label,
    where: x,
    kind: scaleKind(figure),
  });
}

function scaleKind(figure: FigureKey): ScaleKind {
  return figureOf(figure).kind === "latency" ? "latency" : "count";
}
