/** Draws charts as SVG, with ECharts on the server side: no DOM, no canvas. */
// @ts-types="@types/escape-html"
import escapeHtml from "escape-html";
import type { Chart } from "./charts.ts";
import { type ThemeName, THEMES } from "./theme.ts";

/** Size and surroundings of a drawing. */
export interface SvgOptions {
  theme?: ThemeName;
  /** Of one chart, in pixels. */
  width?: number;
  height?: number;
  /** How many charts stand beside each other. */
  columns?: number;
}

/**
 * Draws `charts` in a grid as one SVG document, with a title for readers who cannot see it.
 *
 * ECharts is loaded by the first call (about 0.1 s); it reads the environment variable NODE_ENV.
 */
export async function renderSvg(charts: Chart[], options: SvgOptions = {}): Promise<string> {
  const { theme = "light", width = 640, height = 400 } = options;
  const columns = Math.min(options.columns ?? 2, charts.length);
  const { init } = await import("echarts");
  const drawings = charts.map((chart, i) => {
    const drawing = init(null, null, { renderer: "svg", ssr: true, width, height });
    try {
      drawing.setOption(chart.option(theme));
      const x = (i % columns) * width;
      const y = Math.floor(i / columns) * height;
      return drawing.renderToSVGString().replace("<svg ", `<svg x="${x}" y="${y}" `);
    } finally {
      drawing.dispose();
    }
  });
  const size = [columns * width, Math.ceil(charts.length / columns) * height];
  const title = escapeHtml(charts.map((chart) => chart.title).join("; "));
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${title}" ` +
    `width="${size[0]}" height="${size[1]}" viewBox="0 0 ${size[0]} ${size[1]}">\n` +
    `<title>${title}</title>\n` +
    `<rect width="100%" height="100%" fill="${THEMES[theme].background}"/>\n` +
    drawings.join("\n") + "\n</svg>\n";
}
