/** A server's threads as lanes over time, and the work that waits for them. */
import { t } from "../i18n/mod.ts";
import { Canvas, type Surface } from "./canvas.tsx";
import { formatCount, formatShare, UNKNOWN } from "./format.ts";
import { type Lane, lanes, type LaneState } from "./lanes.ts";
import { moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { CANVAS_FONT, type Palette } from "./palette.ts";
import { Panel, TableAlternative } from "./panel.tsx";
import { SeriesPanel } from "./series_panel.tsx";

/** How much of the past lanes show, in ms: short enough for a sample to be a few px wide. */
const SPAN_MS = 20_000;

/** Heights of lanes in px; the first with which all lanes fit is taken. */
const LANE_HEIGHTS = [22, 16, 12, 8, 5];
const MOST_HEIGHT = 300;
const FOOT_PX = 24;

/** Threads as lanes: idle, busy, blocked; Workers created, reaped. */
export function Workers({ server, frames }: ViewProps) {
  const endMs = frames.at(-1)?.atMs ?? 0;
  const begin = frames.findIndex(({ atMs }) => atMs > endMs - SPAN_MS - 1000);
  const all = lanes(frames.slice(Math.max(0, begin)), server.id);
  const pitch = LANE_HEIGHTS.find((height) => height * all.length <= MOST_HEIGHT) ??
    LANE_HEIGHTS.at(-1)!;
  return (
    <Panel title={t("views.workers")} note={t("views.workers.note")} place="wide">
      <LaneLegend all={all} />
      {all.length === 0 ? <p class="nothing">{t("views.workers.none")}</p> : (
        <>
          <Canvas
            label={`${t("views.workers")}. ${t("views.tableBelow")}`}
            height={all.length * pitch + FOOT_PX}
            draw={(surface) => drawLanes(surface, { all, pitch, endMs })}
          />
          <TableAlternative
            atMs={endMs}
            content={() => ({
              caption: t("views.workers"),
              head: [
                t("views.workers.thread"),
                t("views.workers.state"),
                t("views.workers.share"),
                t("views.workers.items"),
              ],
              rows: all.map(({ name, state, busyShare, items }) => [
                name,
                state === null ? UNKNOWN : t(`views.workers.${state}`),
                formatShare(busyShare),
                formatCount(items),
              ]),
            })}
          />
        </>
      )}
    </Panel>
  );
}

const STATES: readonly LaneState[] = ["busy", "blocked", "idle", "unknown"];

function LaneLegend({ all }: { all: readonly Lane[] }) {
  return (
    <ul class="legend">
      {STATES.map((state) => (
        <li key={state}>
          <span class={`lane-mark ${state}`} aria-hidden="true" />
          <span>{t(`views.workers.${state}`)}</span>
          <b>{all.filter((lane) => lane.state === state).length}</b>
        </li>
      ))}
      <li>▲ {t("views.workers.created")}</li>
      <li>▽ {t("views.workers.reaped")}</li>
      <li>✕ {t("views.workers.crashed")}</li>
    </ul>
  );
}

/** The queue of a pool model: what waits, and what runs. Other models have none. */
export function WorkItems({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  if (points.every(({ waiting }) => waiting === null)) return null;
  return (
    <SeriesPanel
      title={t("views.items")}
      axis={t("views.items.axis")}
      isCount
      note={t("views.items.note")}
      place="items"
      times={points.map(({ atMs }) => atMs)}
      series={[
        {
          label: t("views.items.waiting"),
          values: points.map(({ waiting }) => waiting),
          colour: 2,
          isArea: true,
        },
        {
          label: t("views.items.active"),
          values: points.map(({ active }) => active),
          colour: 1,
          dash: [6, 4],
        },
        {
          label: t("views.items.maxActive"),
          values: points.map(({ maxActive }) => maxActive),
          colour: 7,
          dash: [2, 3],
        },
      ]}
      format={formatCount}
    />
  );
}

/** Lanes of at least this height have a name each. */
const NAMED_PX = 12;

function drawLanes(
  { context, width, palette }: Surface,
  { all, pitch, endMs }: { all: readonly Lane[]; pitch: number; endMs: number },
) {
  const isNarrow = width < 440;
  const [left, right] = [isNarrow ? 76 : 96, isNarrow ? 44 : 84];
  const plotWidth = width - left - right;
  const xOf = (atMs: number) => left + plotWidth * Math.max(0, 1 - (endMs - atMs) / SPAN_MS);
  const colours = laneColours(palette);
  const bar = pitch - Math.max(1, Math.round(pitch / 6));

  context.font = CANVAS_FONT;
  context.textBaseline = "middle";
  context.fillStyle = palette.line;
  for (const s of [20, 15, 10, 5, 0]) {
    context.fillRect(Math.round(xOf(endMs - s * 1000)), 0, 1, all.length * pitch);
  }
  const namedEvery = Math.ceil(NAMED_PX / pitch);
  all.forEach((lane, i) => {
    const top = i * pitch;
    const middle = top + pitch / 2;
    for (const { fromMs, toMs, state } of lane.segments) {
      if (state === "gone" || toMs < endMs - SPAN_MS) continue;
      const x = xOf(fromMs);
      const height = bar * HEIGHTS[state];
      context.fillStyle = colours[state];
      context.fillRect(x, top + bar - height, Math.max(1, xOf(toMs) - x), height);
    }
    if (pitch >= NAMED_PX) drawMarks(lane, middle);
    if (i % namedEvery !== 0) return;
    context.fillStyle = lane.state === "gone" ? palette.muted : palette.text;
    context.textAlign = "right";
    context.fillText(lane.name, left - 8, middle, left - 8);
    context.textAlign = "left";
    context.fillText(
      lane.busyShare === null
        ? t(`views.workers.${lane.state ?? "unknown"}`)
        : formatShare(lane.busyShare),
      left + plotWidth + 6,
      middle,
      right - 6,
    );
  });

  context.fillStyle = palette.muted;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const s of [20, 15, 10, 5, 0]) {
    const text = s === 0 ? t("views.now") : `−${s} s`;
    context.fillText(text, xOf(endMs - s * 1000), all.length * pitch + 7);
  }

  function drawMarks({ marks }: Lane, y: number) {
    context.fillStyle = palette.text;
    context.textAlign = "center";
    for (const { atMs, kind } of marks) {
      if (atMs > endMs - SPAN_MS) context.fillText(MARKS[kind], xOf(atMs), y);
    }
  }
}

const MARKS = { created: "▲", reaped: "▽", crashed: "✕" } as const;

/** The share of its lane's height that a state takes, so that states differ without colour, too. */
const HEIGHTS = { busy: 1, blocked: 0.55, idle: 0.12, unknown: 0.3 } as const;

function laneColours({ series, muted, line }: Palette) {
  return { busy: series[1], blocked: series[2], idle: muted, unknown: line };
}
