/** Draws charts as SVG, with ECharts on the server side: no DOM, no canvas. */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import type { Chart } from "./charts.ts";
import { wrap } from "./text_layout.ts";
import { FONT_FAMILY, type ThemeName, THEMES } from "./theme.ts";

/** Size and context of a drawing. */
export interface SvgOptions {
  theme?: ThemeName;
  /** Size of one chart, in pixels. */
  width?: number;
  height?: number;
  /** Number of charts per row. */
  columns?: number;
  /** Text above the charts: what was measured, when and how. */
  heading?: string;
}

/** Pixels of a line of the heading, approximately of a character in it, and of its margin. */
const HEADING_LINE = 20;
const HEADING_CHARACTER = 7.5;
const HEADING_MARGIN = 12;

/**
 * Draws `charts` in a grid as one SVG document, with a title for readers who cannot see it. A last
 * chart that would stand alone takes the whole width.
 *
 * ECharts is loaded by the first call (about 0.1 s); it reads the environment variable NODE_ENV.
 */
export async function renderSvg(charts: Chart[], options: SvgOptions = {}): Promise<string> {
  const { theme = "light", width = 640, height = 400 } = options;
  const columns = Math.min(options.columns ?? 2, charts.length);
  const { init } = await import("echarts");
  const heading = headingOf(options.heading, columns * width, theme);
  const drawings = charts.map((chart, i) => {
    const isAlone = i === charts.length - 1 && i % columns === 0;
    const size = { width: isAlone ? columns * width : width, height };
    const drawing = init(null, null, { renderer: "svg", ssr: true, ...size });
    try {
      drawing.setOption(chart.option(theme));
      const x = (i % columns) * width;
      const y = heading.height + Math.floor(i / columns) * height;
      return drawing.renderToSVGString().replace("<svg ", `<svg x="${x}" y="${y}" `);
    } finally {
      drawing.dispose();
    }
  });
  const size = [columns * width, heading.height + Math.ceil(charts.length / columns) * height];
  const title = escapeHtml(charts.map((chart) => chart.title).join("; "));
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" ` +
    `width="${size[0]}" height="${size[1]}" viewBox="0 0 ${size[0]} ${size[1]}">\n` +
    `<title>${title}</title>\n` +
    `<rect width="100%" height="100%" fill="${THEMES[theme].background}"/>\n` +
    heading.svg + drawings.join("\n") + "\n</svg>\n";
}

/** The heading in as many lines as it needs. */
function headingOf(text: string | undefined, width: number, theme: ThemeName) {
  if (text === undefined) return { height: 0, svg: "" };
  const characters = Math.floor((width - 2 * HEADING_MARGIN) / HEADING_CHARACTER);
  const lines = text.split("\n")
    .flatMap((line) => wrap(line, { width: characters, margin: "" }).split("\n"));
  const svg = lines.map((line, i) =>
    `<text x="${HEADING_MARGIN}" y="${HEADING_MARGIN + (i + 0.6) * HEADING_LINE}" ` +
    `font-family="${FONT_FAMILY}" font-size="13" fill="${THEMES[theme].muted}">` +
    `${escapeHtml(line)}</text>\n`
  ).join("");
  return { height: HEADING_MARGIN + lines.length * HEADING_LINE, svg };
}
