/** Whiskers: the spread of repeated measurements, drawn over bars. */
import type { SeriesOption } from "echarts";
import { type ThemeName, THEMES } from "./theme.ts";

/** Widest bar in pixels; the bars and their whiskers have to agree on it. */
export const MAX_BAR_WIDTH = 48;

/**
 * Whiskers over the bars of series `index` of `count`, drawn by hand: ECharts has no such series.
 *
 * @param spreads for each group of bars the lowest and the highest value on the axis, or nulls
 */
export function whiskers(
  spreads: (number | null)[][],
  index: number,
  count: number,
  theme: ThemeName,
): SeriesOption {
  const data = spreads.flatMap(([low, high], i) =>
    low === null || high === null ? [] : [[i, low, high]]
  );
  return {
    type: "custom",
    silent: true,
    z: 3,
    data,
    encode: { x: 0, y: [1, 2] },
    renderItem(_params, api) {
      const layout = api.barLayout!({ count, barMaxWidth: MAX_BAR_WIDTH })![index];
      const [group, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const x = group + layout.offsetCenter;
      const cap = Math.min(6, layout.width / 4);
      const line = (x1: number, y1: number, x2: number, y2: number) => ({
        type: "line" as const,
        shape: { x1, y1, x2, y2 },
        style: { stroke: THEMES[theme].text, lineWidth: 1.5 },
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
