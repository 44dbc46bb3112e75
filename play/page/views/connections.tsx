/** A server's connections as cells: what each does, what its block holds, when it times out. */
import { useRef, useState } from "preact/hooks";
import type { ConnectionColumns } from "../../../servers/models/server_sample.ts";
import { t } from "../i18n/mod.ts";
import { Canvas, type Surface } from "./canvas.tsx";
import {
  byteShare,
  type CellGrid,
  cellGrid,
  type CellSlots,
  nextPlace,
  NO_SLOTS,
  phaseCounts,
  placeAt,
  placeCells,
} from "./cell_slots.ts";
import { formatBytes, formatCount, formatTime } from "./format.ts";
import type { ViewProps } from "./view_props.ts";
import type { Palette } from "./palette.ts";
import { Panel, TableAlternative } from "./panel.tsx";
import { PHASE_MARKS, PHASES } from "./phases.ts";

/** Heights in px by the number of places; in few steps, because each moves everything below. */
const HEIGHTS = [
  { places: 112, height: 120 },
  { places: 400, height: 200 },
  { places: Infinity, height: 310 },
] as const;

const IDLE = PHASES.indexOf("idle");

/** The height of the cells: at least that of its step, and more if not all of them fit. */
function heightOf(count: number, width: number): number {
  const { height } = HEIGHTS.find(({ places }) => count <= places)!;
  const { rows, pitch } = cellGrid(count, width, height);
  return Math.max(height, rows * pitch);
}

/** Bytes at which the bar of a block is full; most blocks hold far less. */
const FULL_BYTES = 64 * 1024;

/** The time that a full bar stands for if the server closes no idle connections. */
const DEFAULT_TIMEOUT_MS = 10_000;

const NO_CONNECTIONS: ConnectionColumns = {
  ids: [],
  phases: [],
  inputBytes: [],
  untilTimeoutMs: [],
};

/** Connections as cells, each in its place as long as it is open. */
export function Connections({ server, frames }: ViewProps) {
  const atMs = frames.at(-1)?.atMs ?? 0;
  const columns = server.sample?.connections ?? NO_CONNECTIONS;
  const open = server.sample?.counters.open ?? null;
  const slots = useSlots(server.id, columns);
  const grid = useRef<CellGrid>({ pitch: 1, columns: 1, rows: 0 });
  /** The place that is pointed at, or where the keyboard is. */
  const [place, setPlace] = useState(-1);
  /** The connection that the keyboard moved to, as text: read aloud once, not with every change. */
  const [spoken, setSpoken] = useState("");
  const isShort = open !== null && open > columns.ids.length;

  const moveTo = (to: number) => {
    setPlace(to);
    setSpoken(describe(slots, columns, to));
  };
  const pointAt = ({ offsetX, offsetY }: PointerEvent) =>
    setPlace(placeAt(grid.current, offsetX, offsetY));
  const onKeyDown = (event: KeyboardEvent) => {
    const step = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: grid.current.columns,
      ArrowUp: -grid.current.columns,
    }[event.key];
    if (step !== undefined) moveTo(nextPlace(slots, place, step));
    else if (event.key === "Home") moveTo(nextPlace(slots, -1, 1));
    else if (event.key === "End") moveTo(nextPlace(slots, slots.ids.length, -1));
    else return;
    event.preventDefault();
  };

  return (
    <Panel
      title={t("views.connections")}
      note={t("views.connections.note")}
      place="wide"
    >
      <PhaseLegend columns={columns} />
      {isShort && (
        <p class="note">
          {t("views.connections.short", {
            shown: formatCount(columns.ids.length),
            open: formatCount(open),
          })}
        </p>
      )}
      <div
        class="cells"
        tabIndex={0}
        role="group"
        aria-label={t("views.connections.keys")}
        onKeyDown={onKeyDown}
        onFocus={() => place < 0 && moveTo(nextPlace(slots, -1, 1))}
        onBlur={() => setPlace(-1)}
        onPointerDown={pointAt}
        onPointerMove={pointAt}
        // After a touch, the text stays when the finger has left.
        onPointerLeave={({ pointerType }) => pointerType === "mouse" && setPlace(-1)}
      >
        <Canvas
          label={`${t("views.connections")}. ${t("views.tableBelow")}`}
          height={(width) => heightOf(slots.ids.length, width)}
          draw={(surface) => {
            grid.current = cellGrid(slots.ids.length, surface.width, surface.height);
            drawCells(surface, grid.current, {
              slots,
              columns,
              place,
              timeoutMs: server.setup.idleTimeoutMs || DEFAULT_TIMEOUT_MS,
            });
          }}
        />
      </div>
      <p class="readout">
        {describe(slots, columns, place) ||
          t(slots.ids.length === 0 ? "views.connections.none" : "views.connections.hint")}
      </p>
      <p class="hidden" role="status">{spoken}</p>
      <TableAlternative
        atMs={atMs}
        content={() => ({
          caption: t("views.connections"),
          head: [
            t("views.connections.id"),
            t("views.connections.phase"),
            t("views.connections.bytes"),
            t("views.connections.timeout"),
          ],
          rows: columns.ids.slice(0, MOST_ROWS).map((id, i) => [
            String(id),
            t(`views.phase.${PHASES[columns.phases[i]]}`),
            formatBytes(columns.inputBytes[i]),
            timeLeft(columns.untilTimeoutMs[i]),
          ]),
        })}
      />
    </Panel>
  );
}

/** More rows would not be readable. */
const MOST_ROWS = 100;

/** The places of a server's connections; they begin anew with another server. */
function useSlots(server: string, columns: ConnectionColumns): CellSlots {
  const kept = useRef({ server, columns: NO_CONNECTIONS, slots: NO_SLOTS });
  if (kept.current.server !== server || kept.current.columns !== columns) {
    const before = kept.current.server === server ? kept.current.slots : NO_SLOTS;
    kept.current = { server, columns, slots: placeCells(before, columns) };
  }
  return kept.current.slots;
}

function PhaseLegend({ columns }: { columns: ConnectionColumns }) {
  const counts = phaseCounts(columns);
  return (
    <ul class="legend">
      {PHASES.map((phase, i) => {
        const { path, colour } = PHASE_MARKS[phase];
        return (
          <li key={phase}>
            <svg width="16" height="16" viewBox="-3 -3 16 16" aria-hidden="true">
              <rect x="-3" y="-3" width="16" height="16" fill="var(--line)" />
              <path d={path} fill={`var(--series-${colour})`} />
            </svg>
            <span>{t(`views.phase.${phase}`)}</span>
            <b>{formatCount(counts[i] ?? 0)}</b>
          </li>
        );
      })}
      <li>
        <span class="bar-mark bytes" aria-hidden="true" />
        <span>{t("views.connections.bytes")}</span>
      </li>
      <li>
        <span class="bar-mark timeout" aria-hidden="true" />
        <span>{t("views.connections.timeout")}</span>
      </li>
    </ul>
  );
}

/** What is known of the connection in a place; empty if there is none. */
function describe({ ids, indexes }: CellSlots, columns: ConnectionColumns, place: number): string {
  const id = ids[place] ?? null;
  if (id === null) return "";
  const i = indexes[place];
  return t("views.connections.one", {
    id,
    phase: t(`views.phase.${PHASES[columns.phases[i]]}`),
    bytes: formatBytes(columns.inputBytes[i]),
    timeout: timeLeft(columns.untilTimeoutMs[i]),
  });
}

function timeLeft(ms: number): string {
  return ms < 0 ? t("views.connections.noTimeout") : formatTime(ms * 1000);
}

interface Cells {
  slots: CellSlots;
  columns: ConnectionColumns;
  /** The one to be marked, or -1. */
  place: number;
  timeoutMs: number;
}

function drawCells(
  { context, palette }: Surface,
  { pitch, columns: gridColumns }: CellGrid,
  { slots, columns, place, timeoutMs }: Cells,
) {
  const { indexes } = slots;
  const side = pitch - (pitch >= 14 ? 2 : 1);
  const shape = Math.round(side * 0.68);
  const inset = (side - shape) / 2;
  const bar = Math.max(1, Math.round(side / 7));
  const atlas = phaseAtlas(palette, shape);
  const xOf = (at: number) => (at % gridColumns) * pitch;
  const yOf = (at: number) => Math.floor(at / gridColumns) * pitch;

  // One colour after the other: changing the colour takes longer than drawing.
  context.fillStyle = palette.line;
  for (let at = 0; at < indexes.length; ++at) {
    if (indexes[at] < 0) context.fillRect(xOf(at) + side / 2 - 1, yOf(at) + side / 2 - 1, 2, 2);
  }
  context.fillStyle = palette.sunken;
  for (let at = 0; at < indexes.length; ++at) {
    if (indexes[at] >= 0) context.fillRect(xOf(at), yOf(at), side, side);
  }
  context.fillStyle = palette.line;
  for (let at = 0; at < indexes.length; ++at) {
    const left = indexes[at] < 0 ? -1 : columns.untilTimeoutMs[indexes[at]];
    if (left <= 0) continue;
    const height = side * Math.min(1, left / timeoutMs);
    context.fillRect(xOf(at), yOf(at) + side - height, side, height);
  }
  for (let at = 0; at < indexes.length; ++at) {
    const phase = indexes[at] < 0 ? IDLE : columns.phases[indexes[at]];
    if (phase === IDLE) continue;
    const [x, y] = [xOf(at) + inset, yOf(at) + inset];
    context.drawImage(
      atlas,
      phase * atlas.height,
      0,
      atlas.height,
      atlas.height,
      x,
      y,
      shape,
      shape,
    );
  }
  context.fillStyle = palette.text;
  for (let at = 0; at < indexes.length; ++at) {
    const bytes = indexes[at] < 0 ? 0 : columns.inputBytes[indexes[at]];
    if (bytes === 0) continue;
    const width = Math.max(1, side * byteShare(bytes, FULL_BYTES));
    context.fillRect(xOf(at), yOf(at) + side - bar, width, bar);
  }
  if (place >= 0 && slots.ids[place] !== null && place < slots.ids.length) {
    context.strokeStyle = palette.accent;
    context.lineWidth = 2;
    context.strokeRect(xOf(place) - 0.5, yOf(place) - 0.5, side + 1, side + 1);
  }
}

let atlas: { key: string; canvas: OffscreenCanvas } | null = null;

/** The shapes of all phases, side by side, to be copied: drawing paths takes long. */
function phaseAtlas(palette: Palette, side: number): OffscreenCanvas {
  const px = Math.max(1, Math.round(side * devicePixelRatio));
  const key = `${palette.isDark} ${px}`;
  if (atlas?.key === key) return atlas.canvas;
  const canvas = new OffscreenCanvas(px * PHASES.length, px);
  const context = canvas.getContext("2d")!;
  PHASES.forEach((phase, i) => {
    const { path, colour } = PHASE_MARKS[phase];
    context.setTransform(px / 10, 0, 0, px / 10, i * px, 0);
    context.fillStyle = palette.series[colour];
    context.fill(new Path2D(path));
  });
  atlas = { key, canvas };
  return canvas;
}
