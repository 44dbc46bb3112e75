/** The drawings of an experiment as charts. Pure. */
import type { SeriesOption } from "echarts";
import { type FigureKey, figureOf } from "./figures.ts";
import type { Drawing } from "./lab.ts";
import type { VariantResult } from "./measure.ts";
import { rowName, tickOf } from "./tables.ts";
import { axis, latencyScale, latencyTitle } from "../report/axis.ts";
import {
  barChart,
  type BarGroup,
  cdfChart,
  type Chart,
  chart,
  spectrumChart,
} from "../report/charts.ts";
import { formatShortCount } from "../../system/units.ts";

/** Draws `drawing`; null when nothing of it was measured. */
export function drawingChart(
  drawing: Drawing,
  variants: readonly VariantResult[],
): Chart | null {
  if (drawing.kind === "bars") return bars(drawing, variants);
  if (drawing.kind === "lines") return lines(drawing, variants);
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
 * Bars of one figure. With an `x`, or with several groups, labels become the series beside each
 * other; otherwise each label is a bar of its own.
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
  const drawn = barChart(title, barGroups, axisName(figure));
  return {
    title,
    option: (theme) => {
      const option = drawn.option(theme);
      const yAxis = option.yAxis as { name: string };
      // What is measured in microseconds need not be a latency: it may be CPU time.
      const name = yAxis.name.replace(/^latency/, figureOf(figure).label);
      return { ...option, yAxis: { ...yAxis, name } };
    },
  };
}

/** A figure over the variants' `x`, a line for each label, with marks at what was measured. */
function lines(
  { title, figure, group, x }: Drawing & { kind: "lines" },
  variants: readonly VariantResult[],
): Chart | null {
  const own = variants.filter((v) => v.group === group && v.spreads[figure]);
  if (own.length === 0) return null;
  const labels = [...new Set(own.map(({ label }) => label))];
  const places = [...new Set(own.map(tickOf))];
  const kind = figureOf(figure).kind;
  const values = own.map(({ spreads }) => spreads[figure]!.median);
  const scale = kind === "latency" ? latencyScale(values, { fromZero: true }) : null;
  const counts = { type: "value", axisLabel: { formatter: formatShortCount } };
  return chart(title, labels, (theme) => ({
    xAxis: {
      ...axis(x, { type: "category", splitLine: { show: false } }, theme),
      data: places,
    },
    yAxis: axis(
      scale ? latencyTitle(figureOf(figure).label, scale) : axisName(figure),
      scale?.options ?? counts,
      theme,
    ),
    series: labels.map((label): SeriesOption => ({
      type: "line",
      name: label,
      symbol: "circle",
      symbolSize: 7,
      lineStyle: { width: 2 },
      data: places.map((place) => {
        const variant = own.find((v) => v.label === label && tickOf(v) === place);
        const median = variant?.spreads[figure]?.median;
        return median === undefined ? null : scale?.position(median) ?? median;
      }),
    })),
  }));
}

function axisName(figure: FigureKey): string {
  const { kind, label } = figureOf(figure);
  // The charts choose a unit for latencies by themselves.
  return kind === "latency" ? "latency" : label;
}
