/**
 * The kinds of plots, as ECharts options. Pure: `svg.ts` draws them. Latencies are given in
 * microseconds; each chart chooses one unit and shows it at its axis.
 */
import type { EChartsOption, SeriesOption } from "echarts";
import type { CurvePoint } from "../stats/histogram.ts";
import {
  axis,
  latencyScale,
  percentileAxis,
  percentilePosition,
  type Scale,
  type ScaleKind,
  scaleTitle,
  valueScale,
} from "./axis.ts";
import { FONT_FAMILY, seriesColour, type ThemeName, THEMES } from "./theme.ts";
import type { HeatColumn, HeatGrid } from "../stats/heat.ts";
import { barWhiskers, lineWhiskers, MAX_BAR_WIDTH } from "./whiskers.ts";
import { formatLatency, formatShortCount } from "../../system/units.ts";

/** A chart, ready to be drawn in either theme. */
export interface Chart {
  title: string;
  option(theme: ThemeName): EChartsOption;
}

/** A named distribution, see `LatencyHistogram.curve`. */
export interface NamedCurve {
  name: string;
  curve: CurvePoint[];
}

/** Latencies by client index. */
export interface ScatterSeries {
  name: string;
  points: { client: number; latencyUs: number }[];
}

/** A group of bars for {@linkcode barChart}: a variant, with a value for each series. */
export interface BarGroup {
  name: string;
  bars: { series: string; value: number | null; low?: number; high?: number }[];
}

/** A step of a load sweep. */
export interface SweepStep {
  /** Concurrency or rate. */
  load: number;
  throughput: number;
  p99Us: number | null;
}

/** Mean latency of each client as a dot. */
export function scatterChart(title: string, series: ScatterSeries[]): Chart {
  const scale = latencyScale(series.flatMap((s) => s.points.map((p) => p.latencyUs)));
  const what = series.length === 1 ? `${series[0].name} latency` : "latency";
  return chart(title, series.map((s) => s.name), (theme) => ({
    xAxis: axis("client", { type: "value", min: 0, max: "dataMax", minInterval: 1 }, theme),
    yAxis: axis(scaleTitle(what, scale), scale.options, theme),
    series: series.map((s): SeriesOption => ({
      type: "scatter",
      name: s.name,
      symbolSize: s.points.length > 300 ? 3 : 5,
      itemStyle: { opacity: 0.75 },
      data: s.points.map((p) => [p.client, scale.position(p.latencyUs)]),
    })),
  }));
}

/** Curves closer than this ratio would hide each other. */
const EQUAL_RATIO = 1.01;

/** `curves`, with coinciding ones replaced by one that is named after all of them. */
function distinct(curves: NamedCurve[]): NamedCurve[] {
  const groups: NamedCurve[][] = [];
  for (const curve of curves) {
    const group = groups.find(([first]) => isSame(first.curve, curve.curve));
    if (group) group.push(curve);
    else groups.push([curve]);
  }
  return groups.map((group) => ({ ...group[0], name: equalName(group.map(({ name }) => name)) }));
}

function isSame(a: CurvePoint[], b: CurvePoint[]): boolean {
  return a.length === b.length && a.every((point, i) => isNear(point.latencyUs, b[i].latencyUs));
}

function isNear(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return a === b;
  return Math.max(a, b) <= EQUAL_RATIO * Math.min(a, b);
}

/** `ttfb = latency`. */
function equalName(names: string[]): string {
  return names.join(" = ");
}

/** The cumulative distribution function: the share of samples up to each latency. */
export function cdfChart(title: string, all: NamedCurve[]): Chart {
  const curves = distinct(all);
  const values = curves.flatMap((c) => c.curve.map((p) => p.latencyUs));
  const scale = latencyScale(values, { tight: true });
  return chart(title, curves.map((c) => c.name), (theme) => ({
    xAxis: axis(scaleTitle("latency", scale), scale.options, theme),
    yAxis: axis("percentile (%)", { type: "value", min: 0, max: 100 }, theme),
    series: curves.map((c): SeriesOption => ({
      type: "line",
      name: c.name,
      symbol: "circle",
      showSymbol: false,
      lineStyle: { width: 2 },
      data: c.curve.map((p) => [scale.position(p.latencyUs), p.percentile]),
    })),
  }));
}

/** Latency over percentiles, where each further nine takes the same space, to show the tail. */
export function spectrumChart(title: string, all: NamedCurve[]): Chart {
  const curves = distinct(all);
  const scale = latencyScale(curves.flatMap((c) => c.curve.map((p) => p.latencyUs)));
  // 100 % would be at infinity, so the maximum is drawn at the last finite percentile.
  const lines = curves.map((c) => {
    const last = Math.max(0, ...c.curve.map((p) => p.percentile).filter((p) => p < 100));
    return c.curve.map((p) => ({ ...p, percentile: Math.min(p.percentile, last) }));
  });
  const last = Math.max(0, ...lines.map((line) => line.at(-1)?.percentile ?? 0));
  return chart(title, curves.map((c) => c.name), (theme) => ({
    xAxis: axis("percentile (%)", percentileAxis(last), theme),
    yAxis: axis(scaleTitle("latency", scale), scale.options, theme),
    series: curves.map((c, i): SeriesOption => ({
      type: "line",
      name: c.name,
      symbol: "circle",
      showSymbol: false,
      lineStyle: { width: 2 },
      data: lines[i].map((p) => [percentilePosition(p.percentile), scale.position(p.latencyUs)]),
    })),
  }));
}

/**
 * Groups of bars, with whiskers from the lowest to the highest of repeated measurements. If the
 * smallest bar would vanish, the scale is logarithmic.
 *
 * @param what what the values are, with its unit unless they are latencies
 * @param kind `latency`: the values are microseconds, and the axis gets a unit
 */
export function barChart(
  title: string,
  groups: BarGroup[],
  what: string,
  kind: ScaleKind = "count",
): Chart {
  const names = [...new Set(groups.flatMap((group) => group.bars.map((bar) => bar.series)))];
  const bars = groups.flatMap((group) => group.bars);
  const values = bars.flatMap(({ value, low, high }) => [value ?? 0, low ?? 0, high ?? 0]);
  const scale = valueScale(kind, values, { bars: true });
  const place = (value: number | null | undefined) =>
    value === null || value === undefined ? null : scale.position(value);
  return chart(title, names, (theme) => ({
    xAxis: {
      ...axis("", { type: "category", splitLine: { show: false } }, theme),
      data: groups.map((group) => group.name),
    },
    yAxis: axis(scaleTitle(what, scale), scale.options, theme),
    series: names.flatMap((name, i): SeriesOption[] => {
      const own = groups.map((group) => group.bars.find((bar) => bar.series === name));
      return [
        {
          type: "bar",
          name,
          barMaxWidth: MAX_BAR_WIDTH,
          itemStyle: { color: seriesColour(name, i, theme) },
          data: own.map((bar) => place(bar?.value)),
        },
        barWhiskers(own.map((bar) => [place(bar?.low), place(bar?.high)]), i, names.length, theme),
      ];
    }),
  }));
}

/** A value of {@linkcode lineChart} at one place, with the range of its repetitions. */
export interface LinePoint {
  series: string;
  place: string;
  value: number;
  low: number;
  high: number;
}

/**
 * A line for each series over positions that need not be numbers, with marks at measured points and
 * whiskers for the range of repetitions. `what` and `kind` are those of {@linkcode barChart}.
 */
export function lineChart(
  title: string,
  points: LinePoint[],
  { what, where, kind }: { what: string; where: string; kind: ScaleKind },
): Chart {
  const names = [...new Set(points.map(({ series }) => series))];
  const places = [...new Set(points.map(({ place }) => place))];
  const scale = valueScale(kind, points.flatMap(({ value, low, high }) => [value, low, high]));
  return chart(title, names, (theme) => ({
    xAxis: {
      ...axis(where, { type: "category", splitLine: { show: false } }, theme),
      data: places,
    },
    yAxis: axis(scaleTitle(what, scale), scale.options, theme),
    series: names.flatMap((name, i): SeriesOption[] => {
      const own = places.map((place) =>
        points.find((point) => point.series === name && point.place === place)
      );
      const ranges = own.map((point) =>
        point && point.low < point.high
          ? [scale.position(point.low), scale.position(point.high)]
          : [null, null]
      );
      // Set explicitly, because whiskers would use up colours as well.
      const color = seriesColour(name, i, theme);
      return [
        {
          type: "line",
          name,
          symbol: "circle",
          symbolSize: 7,
          itemStyle: { color },
          lineStyle: { color, width: 2 },
          data: own.map((point) => point ? scale.position(point.value) : null),
        },
        lineWhiskers(ranges, color),
      ];
    }),
  }));
}

/** A figure of {@linkcode dotChart}, with its value in each series. */
export interface DotGroup {
  name: string;
  dots: { series: string; latencyUs: number | null }[];
}

/** Pixels between the dots of neighbouring series of {@linkcode dotChart}. */
const DOT_OFFSET = 14;

/** Dots closer than this share of the axis have no room for a label between them. */
const NEAR_DOTS = 0.15;

/** Latencies side by side as labelled dots: unlike bars, they suit a logarithmic scale. */
export function dotChart(title: string, all: DotGroup[]): Chart {
  const groups = distinctDots(all);
  const dots = groups.flatMap((group) => group.dots);
  const names = [...new Set(dots.map((dot) => dot.series))];
  const scale = latencyScale(dots.map((dot) => dot.latencyUs ?? 0));
  const places = dots.flatMap(({ latencyUs }) => latencyUs ? scale.position(latencyUs) : []);
  const near = NEAR_DOTS * (Math.max(...places) - Math.min(...places));
  /** Whether another dot is so close above that it would cover the label. */
  const isBelow = (group: DotGroup, name: string) => {
    const own = latencyOf(group, name);
    return own !== null &&
      group.dots.some(({ series, latencyUs }) =>
        series !== name && latencyUs !== null && latencyUs > own &&
        scale.position(latencyUs) - scale.position(own) < near
      );
  };
  return chart(title, names, (theme) => ({
    xAxis: {
      ...axis("percentile", { type: "category" }, theme),
      data: groups.map((group) => group.name),
    },
    yAxis: axis(scaleTitle("latency", scale), scale.options, theme),
    series: names.map((name, i): SeriesOption => ({
      type: "scatter",
      name,
      symbolSize: 9,
      // Side by side, so that none hides another.
      symbolOffset: [(i - (names.length - 1) / 2) * DOT_OFFSET, 0],
      itemStyle: { opacity: 1 },
      label: {
        // More than two labels at one place would cover each other.
        show: names.length <= 2,
        color: THEMES[theme].text,
        formatter: ({ dataIndex }) => formatLatency(latencyOf(groups[dataIndex], name)),
      },
      data: groups.map((group) => {
        const latencyUs = latencyOf(group, name);
        const value = latencyUs === null ? "-" : scale.position(latencyUs);
        return { value, label: { position: isBelow(group, name) ? "bottom" : "top" } };
      }),
    })),
  }));
}

/** `groups`, with series whose dots coincide replaced by one. */
function distinctDots(groups: DotGroup[]): DotGroup[] {
  const names = [...new Set(groups.flatMap(({ dots }) => dots.map(({ series }) => series)))];
  const equal: string[][] = [];
  for (const name of names) {
    const same = equal.find(([first]) =>
      groups.every((group) => isNear(latencyOf(group, first), latencyOf(group, name)))
    );
    if (same) same.push(name);
    else equal.push([name]);
  }
  return groups.map((group) => ({
    name: group.name,
    dots: equal.map((same) => ({
      series: equalName(same),
      latencyUs: latencyOf(group, same[0]),
    })),
  }));
}

function latencyOf(group: DotGroup, series: string): number | null {
  return group.dots.find((dot) => dot.series === series)?.latencyUs ?? null;
}

/** Throughput and p99 over load; `kneeLoad` is where more load no longer increases throughput. */
export function sweepChart(
  title: string,
  steps: SweepStep[],
  options: { loadName: string; kneeLoad?: number },
): Chart {
  const scale = latencyScale(steps.map((step) => step.p99Us ?? 0), { fromZero: true });
  const knee = steps.findIndex((step) => step.load === options.kneeLoad);
  return chart(title, ["throughput", "p99"], (theme) => ({
    xAxis: {
      ...axis(options.loadName, { type: "category", splitLine: { show: false } }, theme),
      data: steps.map((step) => formatShortCount(step.load)),
    },
    yAxis: [
      axis("requests/s", { type: "value", axisLabel: { formatter: formatShortCount } }, theme),
      {
        ...axis(scaleTitle("p99 latency", scale), scale.options, theme),
        splitLine: { show: false },
        alignTicks: true,
      },
    ],
    series: [
      {
        type: "line",
        name: "throughput",
        symbol: "circle",
        symbolSize: 7,
        lineStyle: { width: 2 },
        data: steps.map((step) => step.throughput),
        markLine: knee < 0 ? undefined : {
          silent: true,
          symbol: "none",
          lineStyle: { color: THEMES[theme].muted, type: "dashed" },
          label: { formatter: "knee", color: THEMES[theme].text },
          data: [{ xAxis: knee }],
        },
      },
      {
        type: "line",
        name: "p99",
        yAxisIndex: 1,
        symbol: "diamond",
        symbolSize: 8,
        lineStyle: { width: 2, type: "dashed" },
        data: steps.map((step) => step.p99Us === null ? null : scale.position(step.p99Us)),
      },
    ],
  }));
}

/** A heat map with its title. */
export interface NamedHeat {
  title: string;
  grid: HeatGrid;
}

/**
 * Latency over time: the number of samples for each time span and range of latencies. The charts
 * have the same axes and colours, so that they can be compared.
 *
 * @param what the latency is called
 */
export function heatCharts(heats: readonly NamedHeat[], what: string): Chart[] {
  const grids = heats.map(({ grid }) => grid);
  const common: HeatScale = {
    what,
    scale: latencyScale(grids.flatMap(({ rows }) => [rows[0].fromUs, rows.at(-1)!.toUs])),
    seconds: Math.max(...grids.map(({ columns }) => secondsOf(columns))),
    levels: heatLevels(
      grids.flatMap(({ columns }) => columns.flatMap(({ counts }) => counts))
        .reduce((a, b) => Math.max(a, b), 0),
    ),
  };
  return heats.map((heat) => heatChart(heat, common));
}

function secondsOf(columns: readonly HeatColumn[]): number {
  return (columns.at(-1)!.endMs - columns[0].startMs) / 1000;
}

/** What heat maps have in common. */
interface HeatScale {
  what: string;
  scale: Scale;
  seconds: number;
  levels: { name: string; from: number; to: number }[];
}

function heatChart({ title, grid }: NamedHeat, { what, scale, seconds, levels }: HeatScale): Chart {
  const { columns, rows } = grid;
  const beginMs = columns[0].startMs;
  return chart(title, levels.map(({ name }) => name), (theme) => ({
    xAxis: axis("time (s)", {
      type: "value",
      min: 0,
      max: seconds,
      axisLabel: { hideOverlap: true, showMaxLabel: false },
      splitLine: { show: false },
    }, theme),
    yAxis: axis(scaleTitle(what, scale), scale.options, theme),
    series: levels.map(({ name, from, to }, level): SeriesOption => {
      const { heat: shades } = THEMES[theme];
      const color = shades[level + shades.length - levels.length];
      return {
        type: "custom",
        name,
        itemStyle: { color },
        encode: { x: [0, 1], y: [2, 3] },
        data: columns.flatMap(({ startMs, endMs, counts }) =>
          rows.flatMap(({ fromUs, toUs }, row) =>
            counts[row] < from || counts[row] >= to ? [] : [[
              (startMs - beginMs) / 1000,
              (endMs - beginMs) / 1000,
              scale.position(fromUs),
              scale.position(toUs),
            ]]
          )
        ),
        renderItem(_params, api) {
          const [left, bottom] = api.coord([api.value(0), api.value(2)]);
          const [right, top] = api.coord([api.value(1), api.value(3)]);
          return {
            type: "rect",
            // Half a pixel larger, to avoid gaps between neighbours.
            shape: { x: left, y: top, width: right - left + 0.5, height: bottom - top + 0.5 },
            style: { fill: color },
          };
        },
      };
    }),
  }));
}

/** Steps of a factor of ten up to `most` samples in a cell, at most five of them. */
function heatLevels(most: number): { name: string; from: number; to: number }[] {
  const decades = Math.floor(Math.log10(Math.max(1, most))) + 1;
  const count = Math.min(THEMES.light.heat.length, decades);
  return Array.from({ length: count }, (_, i) => {
    const from = i === 0 ? 1 : 10 ** (decades - count + i);
    const isLast = i === count - 1;
    const to = isLast ? Infinity : 10 ** (decades - count + i + 1);
    const name = isLast ? `${formatShortCount(from)} or more` : `from ${formatShortCount(from)}`;
    return { name, from, to };
  });
}

/** Title, legend, grid and colours around `body`. */
export function chart(
  title: string,
  names: string[],
  body: (theme: ThemeName) => Record<string, unknown>,
): Chart {
  const hasLegend = names.length > 1;
  return {
    title,
    option: (theme) => ({
      animation: false,
      backgroundColor: THEMES[theme].background,
      color: names.map((name, i) => seriesColour(name, i, theme)),
      textStyle: { fontFamily: FONT_FAMILY, color: THEMES[theme].text },
      title: {
        text: title,
        left: 12,
        top: 10,
        textStyle: { color: THEMES[theme].text, fontSize: 14, fontWeight: "bold" },
      },
      legend: {
        show: hasLegend,
        data: names,
        left: 8,
        top: 36,
        itemHeight: 10,
        // Text is measured without its font; the gap makes up for the difference.
        itemGap: 22,
        textStyle: { color: THEMES[theme].text },
      },
      // Labels of the highest points stand above the grid, below the legend.
      grid: { left: 12, right: 24, top: hasLegend ? 80 : 56, bottom: 12, outerBoundsMode: "same" },
      ...body(theme),
    }),
  };
}
