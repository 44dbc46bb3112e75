/** A chart of horizontal bars, one per line, each followed by its value and the range of its rounds. */
import type { Chart } from "../../bench/report/charts.ts";
import { FONT_FAMILY, THEMES } from "../../bench/report/theme.ts";
import type { Spread } from "../../bench/stats/spread.ts";

/** A bar. */
export interface RankedBar {
  name: string;
  spread: Spread;
  /** Whether it is ktcp's, and stands out. */
  isOwn: boolean;
}

/** Pixels from the left edge to the bars, and from the longest one to the right edge. */
const NAMES_WIDTH = 170;
const VALUES_WIDTH = 150;

/** Pixels of a line. */
const LINE_HEIGHT = 26;
const TITLE_HEIGHT = 48;

/** The height of the chart of `count` bars, in pixels. */
export function rankedBarsHeight(count: number): number {
  return TITLE_HEIGHT + count * LINE_HEIGHT + 12;
}

/** The chart of `bars`, in their order; `format` writes a value with its unit. */
export function rankedBars(
  title: string,
  bars: readonly RankedBar[],
  format: (value: number) => string,
): Chart {
  return {
    title,
    option: (theme) => {
      const { text, muted, series: [own, , , , others] } = THEMES[theme];
      return {
        animation: false,
        textStyle: { fontFamily: FONT_FAMILY },
        title: { text: title, left: 12, top: 10, textStyle: { color: text, fontSize: 14 } },
        grid: {
          left: NAMES_WIDTH,
          right: VALUES_WIDTH,
          top: TITLE_HEIGHT,
          height: bars.length * LINE_HEIGHT,
        },
        xAxis: { type: "value", min: 0, show: false },
        yAxis: {
          type: "category",
          inverse: true,
          data: bars.map(({ name }) => name),
          axisLine: { show: false },
          axisTick: { show: false },
          axisLabel: { color: text, fontSize: 12 },
        },
        series: [{
          type: "bar",
          barWidth: 16,
          data: bars.map(({ spread, isOwn }) => ({
            value: spread.median,
            itemStyle: { color: isOwn ? own : others },
            label: { formatter: valueText(spread, format) },
          })),
          label: {
            show: true,
            position: "right",
            color: text,
            fontSize: 12,
            rich: { range: { color: muted, fontSize: 11, padding: [0, 0, 0, 8] } },
          },
        }],
      };
    },
  };
}

/** `5.38 µs (5.20–6.70 µs)`; a single round has no range. */
function valueText({ median, low, high }: Spread, format: (value: number) => string): string {
  const range = low === high ? "" : `{range|${format(low)}–${format(high)}}`;
  return format(median) + range;
}
