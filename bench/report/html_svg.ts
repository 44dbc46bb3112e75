/**
 * Charts for a page that is light or dark, wide or narrow: drawn once for each width, with colours
 * that are the page's CSS variables.
 */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import type { Chart } from "./charts.ts";
import { renderSvg } from "./svg.ts";
import { THEMES } from "./theme.ts";

/** Sizes in pixels; a page shows one of them, see `html_style.ts`. */
const SIZES = [
  { className: "wide", width: 640, height: 340 },
  { className: "narrow", width: 350, height: 300 },
] as const;

/**
 * Pixels of a row of the legend, and approximately of a character and of the mark before a name.
 */
const LEGEND_ROW = 22;
const LEGEND_CHARACTER = 7;
const LEGEND_MARK = 64;

/**
 * Gap between entries and between rows; generous, as text is measured without its font and turns
 * out wider.
 */
const LEGEND_GAP = 28;

/** Approximate pixels of the vertical axis. */
const AXIS_WIDTH = 110;

/** The colours of a theme by the names of their CSS variables. */
export function themeColours(theme: keyof typeof THEMES): Record<string, string> {
  const { background, text, muted, grid, axis, series } = THEMES[theme];
  return {
    "--paper": background,
    "--text": text,
    "--muted": muted,
    "--grid": grid,
    "--axis": axis,
    ...Object.fromEntries(series.map((colour, i) => [`--series-${i}`, colour])),
  };
}

/**
 * Draws `chart` as inline SVG, once for each width.
 *
 * @param id unique on the page; the drawings' own names start with it
 */
export async function inlineSvg(chart: Chart, id: string): Promise<string> {
  const drawings = await Promise.all(SIZES.map(async ({ className, width, height }) => {
    const svg = await renderSvg([fitted(chart, width)], { width, height });
    return cleaned(svg, `${id}-${className}`).replace(
      /^<svg [^>]*>\s*<title>.*?<\/title>/s,
      `<svg class="${className}" role="img" aria-label="${escapeHtml(chart.title)}" ` +
        `viewBox="0 0 ${width} ${height}">`,
    );
  }));
  return drawings.join("\n");
}

/** Removes the title, which the page has, and fits the legend into `width`. */
function fitted(chart: Chart, width: number): Chart {
  return {
    title: chart.title,
    option: (theme) => {
      const option = chart.option(theme);
      const legend = option.legend as { show: boolean; data: string[] };
      const grid = option.grid as object;
      return {
        ...option,
        title: { show: false },
        legend: { ...legend, left: 4, right: 4, top: 2, itemWidth: 18, itemGap: LEGEND_GAP },
        grid: { ...grid, top: legendHeight(legend, width) + 14 },
        xAxis: withRoom(option.xAxis as Axis, width),
      };
    },
  };
}

interface Axis {
  type: "category" | "value";
  data?: string[];
  axisLabel?: object;
}

/**
 * An axis of names shows all names, broken at spaces where they would touch; an axis of numbers
 * leaves some out.
 */
function withRoom(axis: Axis, width: number): Axis {
  if (axis.type !== "category") {
    return { ...axis, axisLabel: { ...axis.axisLabel, hideOverlap: true } };
  }
  const names = axis.data ?? [];
  const room = (width - AXIS_WIDTH) / Math.max(1, names.length);
  const isTight = names.some((name) => name.length * LEGEND_CHARACTER > room);
  const formatter = (name: string) => isTight ? name.replace(/[- ](?=.)/g, "$&\n") : name;
  return { ...axis, axisLabel: { ...axis.axisLabel, interval: 0, formatter } };
}

function legendHeight({ show, data }: { show: boolean; data: string[] }, width: number): number {
  if (!show) return 0;
  let rows = 1;
  let x = 0;
  for (const name of data) {
    const needed = name.length * LEGEND_CHARACTER + LEGEND_MARK;
    if (x > 0 && x + needed > width) {
      rows++;
      x = 0;
    }
    x += needed;
  }
  return LEGEND_ROW + (rows - 1) * (LEGEND_ROW + LEGEND_GAP - 8);
}

/** Makes a drawing of ECharts fit for a page: valid, and with unique ids. */
function cleaned(svg: string, id: string): string {
  const variables = Object.entries(themeColours("light"));
  return svg
    // Hover styles.
    .replace(/<style\b.*?<\/style>/gs, "")
    .replace(/ (?:class|ecmeta_\w+|baseProfile|version|xmlns(?::xlink)?)="[^"]*"/g, "")
    .replace(/\b(id="|url\(#)/g, `$1${id}-`)
    .replace(/ (fill|stroke)="(#[0-9a-f]{6})"/g, (whole, name, colour) => {
      const variable = variables.find(([, value]) => value === colour);
      return variable ? ` ${name}="var(${variable[0]})"` : whole;
    });
}
