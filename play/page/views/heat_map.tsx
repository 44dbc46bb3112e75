/** Every answer of the last minute: when it came, and how long it took. */
import { t } from "../i18n/mod.ts";
import { Canvas, type Surface } from "./canvas.tsx";
import { GUTTER, SPAN_MS, timeTicks } from "./chart.tsx";
import { formatCount, formatTime } from "./format.ts";
import { type HeatGrid, heatGrid, rowEdgeUs, ROWS_PER_DECADE } from "./heat_grid.ts";
import type { ViewProps } from "./view_props.ts";
import { CANVAS_FONT, type Palette } from "./palette.ts";
import { Panel, TableAlternative } from "./panel.tsx";

/** A column in ms: wide enough to be seen, narrow enough to show a pause. */
const COLUMN_MS = 200;

const HEIGHT_PX = 260;
const FOOT_PX = 24;

/** Latency over time; the darker (in the dark theme: the brighter), the more answers. */
export function HeatMap({ server, frames }: ViewProps) {
  const endMs = frames.at(-1)?.atMs ?? 0;
  const grid = heatGrid(frames, server.id, { endMs, spanMs: SPAN_MS, columnMs: COLUMN_MS });
  return (
    <Panel title={t("views.heat")} note={t("views.heat.note")} place="wide">
      {grid === null ? <p class="nothing">{t("views.noLoad")}</p> : (
        <>
          <Scale most={grid.most} />
          <p class="axis">{t("views.latency.axis")}</p>
          <Canvas
            label={`${t("views.heat")}. ${t("views.tableBelow")}`}
            height={HEIGHT_PX}
            draw={(surface) => drawGrid(surface, grid, endMs)}
          />
          <TableAlternative atMs={endMs} content={() => tableOf(grid)} />
        </>
      )}
    </Panel>
  );
}

function Scale({ most }: { most: number }) {
  return (
    <p class="heat-scale">
      <span>1</span>
      <span class="ramp" aria-hidden="true" />
      <span>{formatCount(most)}</span>
      <span>{t("views.heat.unit", { ms: COLUMN_MS })}</span>
    </p>
  );
}

function tableOf(grid: HeatGrid) {
  const decades = grid.rows / ROWS_PER_DECADE;
  const spans = [1000, 10_000, SPAN_MS];
  const countOf = (decade: number, spanMs: number) => {
    let sum = 0;
    for (let column = grid.columns - spanMs / COLUMN_MS; column < grid.columns; ++column) {
      for (let row = 0; row < ROWS_PER_DECADE; ++row) {
        sum += grid.counts[column * grid.rows + decade * ROWS_PER_DECADE + row];
      }
    }
    return sum;
  };
  return {
    caption: t("views.heat.table"),
    head: [t("views.latency"), ...spans.map((ms) => t("views.heat.last", { s: ms / 1000 }))],
    rows: Array.from({ length: decades }, (_, decade) => [
      `${formatTime(rowEdgeUs(grid, decade * ROWS_PER_DECADE))} – ${
        formatTime(rowEdgeUs(grid, (decade + 1) * ROWS_PER_DECADE))
      }`,
      ...spans.map((ms) => formatCount(countOf(decade, ms))),
    ]),
  };
}

/** One pixel for each cell; it is enlarged when it is drawn. */
let pixels: OffscreenCanvas | null = null;

function drawGrid({ context, width, height, palette }: Surface, grid: HeatGrid, endMs: number) {
  const [left, top] = [GUTTER.left, 8];
  const [plotWidth, plotHeight] = [width - left - GUTTER.right, height - top - FOOT_PX];
  context.fillStyle = palette.sunken;
  context.fillRect(left, top, plotWidth, plotHeight);

  const { columns, rows, counts, most } = grid;
  if (pixels?.width !== columns || pixels.height !== rows) {
    pixels = new OffscreenCanvas(columns, rows);
  }
  const image = new ImageData(columns, rows);
  const colours = new Uint32Array(image.data.buffer);
  const ramp = rampOf(palette.isDark);
  const scale = (ramp.length - 1) / Math.log(1 + most);
  for (let column = 0; column < columns; ++column) {
    for (let row = 0; row < rows; ++row) {
      const count = counts[column * rows + row];
      if (count === 0) continue;
      colours[(rows - 1 - row) * columns + column] = ramp[Math.round(Math.log(1 + count) * scale)];
    }
  }
  pixels.getContext("2d")!.putImageData(image, 0, 0);
  context.save();
  context.beginPath();
  context.rect(left, top, plotWidth, plotHeight);
  context.clip();
  context.imageSmoothingEnabled = false;
  const pxPerMs = plotWidth / SPAN_MS;
  const x = left + plotWidth - (endMs - grid.startMs) * pxPerMs;
  context.drawImage(pixels, x, top, columns * grid.columnMs * pxPerMs, plotHeight);
  context.restore();

  drawAxes({ context, palette }, grid, { left, top, plotWidth, plotHeight });
}

function drawAxes(
  { context, palette }: Pick<Surface, "context" | "palette">,
  grid: HeatGrid,
  { left, top, plotWidth, plotHeight }: Record<"left" | "top" | "plotWidth" | "plotHeight", number>,
) {
  context.font = CANVAS_FONT;
  context.fillStyle = palette.muted;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (let row = 0; row <= grid.rows; row += ROWS_PER_DECADE) {
    const y = top + plotHeight * (1 - row / grid.rows);
    context.fillText(formatTime(rowEdgeUs(grid, row)), left - 8, Math.max(top + 4, y));
    context.fillRect(left, Math.round(y), plotWidth, 0.5);
  }
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const s of timeTicks(plotWidth)) {
    const text = s === 0 ? t("views.now") : `−${s} s`;
    context.fillText(text, left + plotWidth * (1 - s / 60), top + plotHeight + 7);
  }
}

/** Fixed points of the ramps. Colours differ in lightness, so that colour-blind readers see them. */
const RAMPS = {
  light: [[207, 227, 244], [86, 160, 214], [0, 98, 163], [9, 35, 74]],
  dark: [[28, 58, 84], [38, 114, 168], [104, 190, 240], [238, 248, 255]],
} as const;

const ramps = new Map<boolean, Uint32Array>();

/** 64 colours as little-endian RGBA. */
function rampOf(isDark: Palette["isDark"]): Uint32Array {
  const known = ramps.get(isDark);
  if (known !== undefined) return known;
  const stops = RAMPS[isDark ? "dark" : "light"];
  const ramp = Uint32Array.from({ length: 64 }, (_, i) => {
    const at = i / 63 * (stops.length - 1);
    const stop = Math.min(stops.length - 2, Math.floor(at));
    const [r, g, b] = stops[stop].map((from, c) =>
      Math.round(from + (stops[stop + 1][c] - from) * (at - stop))
    );
    return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
  });
  ramps.set(isDark, ramp);
  return ramp;
}
