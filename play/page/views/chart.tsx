/** Time series as lines or areas, drawn by uPlot. */
import { useRef } from "preact/hooks";
import uPlot from "uplot";
import { t } from "../i18n/mod.ts";
import { CANVAS_FONT, type Palette, palette } from "./palette.ts";
import { decades, linearTicks, niceCeiling } from "./ticks.ts";
import { usePicture } from "./use_picture.ts";
import { withGaps } from "./windows.ts";

/** How much of the past charts show, in ms. */
export const SPAN_MS = 60_000;

/** A series of a chart. */
export interface ChartSeries {
  label: string;
  /** A value for each of the chart's times; null where it is not known. */
  values: readonly (number | null)[];
  /** Which of the page's series colours. */
  colour: number;
  /** Lengths of strokes and gaps in px: series differ by these, too. */
  dash?: readonly number[];
  /** Fills down to the series before it, or to 0. */
  isArea?: boolean;
}

export interface ChartProps {
  /** What the chart shows, for those who do not see it. */
  label: string;
  /** What its axis measures, with the unit. */
  axis: string;
  times: readonly number[];
  series: readonly ChartSeries[];
  format: (value: number) => string;
  scale?: "linear" | "logarithmic";
  /** The upper end of the axis; default: from the values. */
  max?: number;
  /** Whether values are whole numbers: then the axis ends at {@linkcode LEAST_COUNT} or above. */
  isCount?: boolean;
  height?: number;
}

/** On a shorter axis, ticks would be fractions. */
const LEAST_COUNT = 4;

/** Space at the sides of charts in px: for the axis, and for half of the last time label. */
export const GUTTER = { left: 58, right: 14 } as const;

/** Below this width there is no room for names beside the lines. */
const NARROW_PX = 330;

/** The approximate least distance of ticks. */
const TICK_PX = 38;

/** The times on an axis, in seconds ago: as many as a chart of `width` px has room for. */
export function timeTicks(width: number): readonly number[] {
  return width < 320 ? [60, 30, 0] : [60, 45, 30, 15, 0];
}

/** The widest name; longer ones are condensed. */
const MOST_NAME_PX = 96;

/** A chart of the last minute. */
export function Chart(props: ChartProps) {
  const current = useRef(props);
  current.current = props;
  const colours = palette.value;
  // What uPlot cannot change afterwards: when it changes, the chart is made again.
  const shape = JSON.stringify([
    props.scale,
    t("views.now"),
    props.series.map(({ label, colour, dash, isArea }) => [label, colour, dash, isArea]),
    colours,
  ]);
  const element = usePicture(
    (element) => createPlot(element, () => current.current, colours),
    shape,
  );
  return (
    <figure class="chart">
      <figcaption class="axis">{props.axis}</figcaption>
      <div
        ref={element}
        role="img"
        aria-label={props.label}
        style={{ minHeight: `${props.height ?? 150}px` }}
      />
    </figure>
  );
}

function createPlot(element: HTMLElement, propsNow: () => ChartProps, colours: Palette) {
  const { series, scale } = propsNow();
  const isLogarithmic = scale === "logarithmic";
  const strokeOf = ({ colour }: ChartSeries) => colours.series[colour];
  const namesPx = Math.max(GUTTER.right, widest(series.map(({ label }) => label)) + 10);
  let end = 0;
  const plot = new uPlot(
    {
      width: 300,
      height: 100,
      cursor: { show: false },
      legend: { show: false },
      padding: [
        8,
        ({ width }) => width < NARROW_PX ? GUTTER.right : namesPx,
        0,
        0,
      ],
      scales: {
        x: { time: false, auto: false, range: () => [end - SPAN_MS, end] },
        y: {
          distr: isLogarithmic ? 3 : 1,
          range: () => rangeOf(propsNow()),
        },
      },
      series: [
        {},
        ...series.map((each) => ({
          label: each.label,
          stroke: strokeOf(each),
          width: 2,
          dash: each.dash ? [...each.dash] : undefined,
          fill: each.isArea ? withAlpha(strokeOf(each), colours.isDark ? 0.35 : 0.25) : undefined,
          points: { show: false },
          spanGaps: false,
        })),
      ],
      // An area ends at the one below it.
      bands: series.flatMap(({ isArea }, i) =>
        isArea && i > 0 && series[i - 1].isArea ? [{ series: [i + 1, i] as [number, number] }] : []
      ),
      axes: [
        {
          stroke: colours.muted,
          font: CANVAS_FONT,
          size: 30,
          gap: 8,
          grid: { stroke: colours.line, width: 1 },
          ticks: { show: false },
          splits: ({ width }) => timeTicks(width).map((s) => end - s * 1000),
          values: (_plot, splits) =>
            splits.map((at) => at === end ? t("views.now") : `−${Math.round((end - at) / 1000)} s`),
        },
        {
          stroke: colours.muted,
          font: CANVAS_FONT,
          size: GUTTER.left,
          gap: 6,
          grid: { stroke: colours.line, width: 1 },
          ticks: { show: false },
          splits: (plot, _axis, min, max) =>
            isLogarithmic
              ? powersOfTen(min, max)
              : linearTicks(max, Math.max(2, Math.floor(plot.height / TICK_PX))),
          // By default, uPlot leaves out some ticks of a logarithmic axis.
          filter: (_plot, splits) => splits,
          values: (_plot, splits) => splits.map((value) => propsNow().format(value)),
        },
      ],
      hooks: { draw: [(plot) => drawNames(plot, propsNow().series, { colours, namesPx })] },
    },
    [[], ...series.map(() => [])] as uPlot.AlignedData,
    element,
  );
  plot.root.setAttribute("aria-hidden", "true");

  return {
    resize(width: number, height: number) {
      plot.setSize({ width, height });
    },
    draw() {
      const { times, series } = propsNow();
      end = times.at(-1) ?? 0;
      const broken = withGaps(times, series.map(({ values }) => values));
      plot.setData([broken.times, ...broken.columns] as uPlot.AlignedData);
    },
    destroy() {
      plot.destroy();
    },
  };
}

/** From 0, or from a power of ten, to a round number above all values. */
function rangeOf({ series, scale, max, isCount }: ChartProps): [number, number] {
  let [least, most] = [Infinity, 0];
  for (const { values } of series) {
    for (const value of values) {
      if (value === null) continue;
      if (value > most) most = value;
      if (value > 0 && value < least) least = value;
    }
  }
  if (scale !== "logarithmic") {
    return [0, max ?? niceCeiling(isCount ? Math.max(LEAST_COUNT, most) : most)];
  }
  if (most === 0) return [10, 10_000];
  const { from, to } = decades(least, most);
  return [10 ** from, 10 ** to];
}

function powersOfTen(min: number, max: number): number[] {
  const from = Math.round(Math.log10(min));
  const to = Math.round(Math.log10(max));
  return Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i));
}

const measuring = new OffscreenCanvas(1, 1).getContext("2d")!;

/** The width of the widest text on a canvas, in px. */
function widest(texts: readonly string[]): number {
  measuring.font = CANVAS_FONT;
  return Math.min(
    MOST_NAME_PX,
    Math.max(...texts.map((text) => measuring.measureText(text).width)),
  );
}

/** Writes the name of each series where its line ends, one below the other. */
function drawNames(
  plot: uPlot,
  series: readonly ChartSeries[],
  { colours, namesPx }: { colours: Palette; namesPx: number },
): void {
  if (plot.width < NARROW_PX) return;
  const ratio = devicePixelRatio;
  const { ctx, bbox } = plot;
  const names = series.flatMap(({ label, values, colour, isArea }, i) => {
    const value = values.at(-1) ?? null;
    if (value === null) return [];
    const below = isArea && i > 0 && series[i - 1].isArea ? series[i - 1].values.at(-1) ?? 0 : 0;
    const y = plot.valToPos(isArea ? (value + below) / 2 : value, "y", true);
    return [{ label, y, colour: colours.series[colour] }];
  }).sort((a, b) => a.y - b.y);
  const lineHeight = 14 * ratio;
  names.forEach((name, i) => {
    if (i > 0) name.y = Math.max(name.y, names[i - 1].y + lineHeight);
  });
  // Names that were pushed out at the bottom move up again, and push up those above them.
  let limit = bbox.top + bbox.height;
  for (const name of names.toReversed()) {
    name.y = Math.min(name.y, limit);
    limit = name.y - lineHeight;
  }
  ctx.save();
  ctx.font = `${12 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (const { label, y, colour } of names) {
    ctx.fillStyle = colour;
    ctx.fillText(label, bbox.left + bbox.width + 6 * ratio, y, (namesPx - 8) * ratio);
  }
  ctx.restore();
}

function withAlpha(colour: string, alpha: number): string {
  return `color-mix(in srgb, ${colour} ${alpha * 100}%, transparent)`;
}
