/** Whiskers: the spread of repeated measurements, drawn over bars and at the points of lines. */
import type { CustomSeriesRenderItemReturn, SeriesOption } from "echarts";
import { type ThemeName, THEMES } from "./theme.ts";

/** Widest bar in pixels; the bars and their whiskers have to agree on it. */
export const MAX_BAR_WIDTH = 48;

/** Half of the width of a whisker's ends, in pixels. */
const CAP = 6;

/** For each position the lowest and the highest value on the axis, or nulls. */
type Ranges = (number | null)[][];

/** Whiskers over the bars of series `index` of `count`, drawn by hand: ECharts has no such series. */
export function barWhiskers(
  ranges: Ranges,
  index: number,
  count: number,
  theme: ThemeName,
): SeriesOption {
  return whiskers(ranges, THEMES[theme].text, (barLayout) => {
    const layout = barLayout({ count, barMaxWidth: MAX_BAR_WIDTH })[index];
    return { offset: layout.offsetCenter, cap: Math.min(CAP, layout.width / 4) };
  });
}

/** Whiskers at the points of a line of `colour`. */
export function lineWhiskers(ranges: Ranges, colour: string): SeriesOption {
  return whiskers(ranges, colour, () => ({ offset: 0, cap: CAP }));
}

/** A series' position in a bar layout. */
type BarLayout = (options: { count: number; barMaxWidth: number }) => {
  offsetCenter: number;
  width: number;
}[];

/** @param place a whisker's offset from the middle of its position, and the width of its ends */
function whiskers(
  ranges: Ranges,
  colour: string,
  place: (barLayout: BarLayout) => { offset: number; cap: number },
): SeriesOption {
  return {
    type: "custom",
    silent: true,
    z: 3,
    data: ranges.flatMap(([low, high], i) => low === null || high === null ? [] : [[i, low, high]]),
    encode: { x: 0, y: [1, 2] },
    renderItem(_params, api): CustomSeriesRenderItemReturn {
      const { offset, cap } = place((options) => api.barLayout!(options)!);
      const [middle, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const x = middle + offset;
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: "line" as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: colour, lineWidth: 1.5 },
      });
      return {
        type: "group",
        children: [
          line(x, low, x, high),
          line(x - cap, low, x + cap, low),
          line(x - cap, high, x + cap, high),
        ],
      };
    },
  };
}
