/**
 * The kinds of plots, as ECharts options. Pure: `svg.ts` draws them. Latencies come in
 * microseconds, and every chart chooses one unit and writes it beside its axis.
 */
import type { EChartsOption, SeriesOption } from "echarts";
import type { CurvePoint } from "../stats/histogram.ts";
import { axis, latencyScale, latencyTitle, percentileAxis, percentilePosition } from "./axis.ts";
import { FONT_FAMILY, seriesColour, type ThemeName, THEMES } from "./theme.ts";
import { MAX_BAR_WIDTH, whiskers } from "./whiskers.ts";
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
    yAxis: axis(latencyTitle(what, scale), scale.options, theme),
    series: series.map((s): SeriesOption => ({
      type: "scatter",
      name: s.name,
      symbolSize: s.points.length > 300 ? 3 : 5,
      itemStyle: { opacity: 0.75 },
      data: s.points.map((p) => [p.client, scale.position(p.latencyUs)]),
    })),
  }));
}

/** Which share of the samples is at most as late: the cumulative distribution function. */
export function cdfChart(title: string, curves: NamedCurve[]): Chart {
  const values = curves.flatMap((c) => c.curve.map((p) => p.latencyUs));
  const scale = latencyScale(values, { tight: true });
  return chart(title, curves.map((c) => c.name), (theme) => ({
    xAxis: axis(latencyTitle("latency", scale), scale.options, theme),
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

/** Latency over percentiles, where each further nine takes as much room, to show the tail. */
export function spectrumChart(title: string, curves: NamedCurve[]): Chart {
  const scale = latencyScale(curves.flatMap((c) => c.curve.map((p) => p.latencyUs)));
  // 100 % lies at infinity: the maximum is drawn above the last percentile that has a place.
  const lines = curves.map((c) => {
    const last = Math.max(0, ...c.curve.map((p) => p.percentile).filter((p) => p < 100));
    return c.curve.map((p) => ({ ...p, percentile: Math.min(p.percentile, last) }));
  });
  const last = Math.max(0, ...lines.map((line) => line.at(-1)?.percentile ?? 0));
  return chart(title, curves.map((c) => c.name), (theme) => ({
    xAxis: axis("percentile (%)", percentileAxis(last), theme),
    yAxis: axis(latencyTitle("latency", scale), scale.options, theme),
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
 * Groups of bars, with whiskers from the lowest to the highest of repeated measurements. Values are
 * microseconds when `what` is `latency`, else plain numbers that `what` names with their unit.
 */
export function barChart(title: string, groups: BarGroup[], what: string): Chart {
  const names = [...new Set(groups.flatMap((group) => group.bars.map((bar) => bar.series)))];
  const bars = groups.flatMap((group) => group.bars);
  const values = bars.flatMap((bar) => [bar.value ?? 0, bar.high ?? 0]);
  // Bars start at 0, where a logarithmic scale does not reach.
  const scale = what === "latency" ? latencyScale(values, { fromZero: true }) : null;
  const place = (value: number | null | undefined) =>
    value === null || value === undefined ? null : scale?.position(value) ?? value;
  const counts = { type: "value", axisLabel: { formatter: formatShortCount } };
  return chart(title, names, (theme) => ({
    xAxis: {
      ...axis("", { type: "category", splitLine: { show: false } }, theme),
      data: groups.map((group) => group.name),
    },
    yAxis: axis(
      scale ? latencyTitle("latency", scale) : what,
      scale?.options ?? counts,
      theme,
    ),
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
        whiskers(own.map((bar) => [place(bar?.low), place(bar?.high)]), i, names.length, theme),
      ];
    }),
  }));
}

/** A figure of {@linkcode dotChart}, with its value in each series. */
export interface DotGroup {
  name: string;
  dots: { series: string; latencyUs: number | null }[];
}

/** Latencies side by side as labelled dots: unlike bars, they can stand on a logarithmic scale. */
export function dotChart(title: string, groups: DotGroup[]): Chart {
  const dots = groups.flatMap((group) => group.dots);
  const names = [...new Set(dots.map((dot) => dot.series))];
  const scale = latencyScale(dots.map((dot) => dot.latencyUs ?? 0));
  return chart(title, names, (theme) => ({
    xAxis: {
      ...axis("percentile", { type: "category" }, theme),
      data: groups.map((group) => group.name),
    },
    yAxis: axis(latencyTitle("latency", scale), scale.options, theme),
    series: names.map((name): SeriesOption => ({
      type: "scatter",
      name,
      symbolSize: 9,
      itemStyle: { opacity: 1 },
      label: {
        // More than two labels at one place would cover each other.
        show: names.length <= 2,
        color: THEMES[theme].text,
        formatter: ({ dataIndex }) => formatLatency(latencyOf(groups[dataIndex], name)),
      },
      data: groups.map((group) => {
        const latencyUs = latencyOf(group, name);
        const isHighest = group.dots.every((dot) => (dot.latencyUs ?? 0) <= (latencyUs ?? 0));
        return {
          value: latencyUs === null ? "-" : scale.position(latencyUs),
          label: { position: isHighest ? "top" : "right" },
        };
      }),
    })),
  }));
}

function latencyOf(group: DotGroup, series: string): number | null {
  return group.dots.find((dot) => dot.series === series)?.latencyUs ?? null;
}

/** Throughput and p99 over load; `kneeLoad` is where more load stops to buy throughput. */
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
        ...axis(latencyTitle("p99 latency", scale), scale.options, theme),
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
        right: 12,
        top: 10,
        itemHeight: 10,
        // Text is measured without its font; the gap takes up the difference.
        itemGap: 22,
        textStyle: { color: THEMES[theme].text },
      },
      grid: { left: 12, right: 24, top: 48, bottom: 12, outerBoundsMode: "same" },
      ...body(theme),
    }),
  };
}
