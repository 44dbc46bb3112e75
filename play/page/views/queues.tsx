/** The kernel's queues of connections that a server has not accepted yet. */
import { t } from "../i18n/mod.ts";
import { Canvas, type Surface } from "./canvas.tsx";
import { cellGrid } from "./cell_slots.ts";
import { formatCount } from "./format.ts";
import { moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { Panel } from "./panel.tsx";
import { Series, SeriesPanel } from "./series_panel.tsx";

/** A queue of up to this many places is drawn place by place. */
const DRAWN_PLACES = 256;

/** The accept queue against its limit, and the SYN queue. */
export function Queues({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const now = points.at(-1);
  const [length, limit] = [now?.acceptQueue ?? null, now?.acceptLimit ?? null];
  const lengths = points.map(({ acceptQueue }) => acceptQueue);
  if (lengths.every((length) => length === null) && (now?.synQueue ?? null) === null) {
    return (
      <Panel title={t("views.queues")}>
        <p class="nothing">{t("views.queues.unknown")}</p>
      </Panel>
    );
  }
  const longest = Math.max(1, ...lengths.map((length) => length ?? 0));
  // A limit far above all lengths would flatten their curve.
  const limits = points.map(({ acceptLimit }) =>
    acceptLimit !== null && acceptLimit <= 4 * longest ? acceptLimit : null
  );
  return (
    <Panel title={t("views.queues")} note={t("views.queues.note")}>
      {length === null || limit === null
        ? <p class="nothing">{t("views.queues.unknown")}</p>
        : (
          <div class={length > limit ? "queue full" : "queue"}>
            <p>
              {t("views.queues.now", { length: formatCount(length), limit: formatCount(limit) })}
              {length > limit && <strong>{t("views.queues.full")}</strong>}
            </p>
            <Canvas
              label={t("views.queues.now", {
                length: formatCount(length),
                limit: formatCount(limit),
              })}
              height={(width) => queueHeight(limit + 1, width)}
              draw={(surface) => drawQueue(surface, length, limit)}
            />
          </div>
        )}
      <Series
        title={t("views.queues")}
        axis={t("views.queues.axis")}
        isCount
        times={points.map(({ atMs }) => atMs)}
        series={[
          { label: t("views.acceptQueue"), values: lengths, colour: 1, isArea: true },
          {
            label: t("views.synQueue"),
            values: points.map(({ synQueue }) => synQueue),
            colour: 2,
            dash: [6, 4],
          },
          {
            label: t("views.limit"),
            values: limits,
            value: formatCount(limit),
            colour: 7,
            dash: [2, 3],
          },
        ]}
        format={formatCount}
      />
    </Panel>
  );
}

const QUEUE_PX = 44;

function queueHeight(places: number, width: number): number {
  if (places > DRAWN_PLACES) return QUEUE_PX;
  const { rows, pitch } = cellGrid(places, width, QUEUE_PX);
  return Math.max(QUEUE_PX, rows * pitch);
}

/** A place for each connection that may wait, and one more, which the kernel takes as well. */
function drawQueue({ context, width, height, palette }: Surface, length: number, limit: number) {
  const places = limit + 1;
  context.lineWidth = 1;
  if (places > DRAWN_PLACES) {
    context.fillStyle = palette.sunken;
    context.fillRect(0, 8, width, height - 16);
    context.fillStyle = length > limit ? palette.bad : palette.series[1];
    context.fillRect(0, 8, Math.max(length > 0 ? 1 : 0, width * length / places), height - 16);
    context.strokeStyle = palette.muted;
    context.strokeRect(0.5, 8.5, width - 1, height - 17);
    return;
  }
  const { pitch, columns } = cellGrid(places, width, QUEUE_PX);
  const side = pitch - 2;
  for (let place = 0; place < places; ++place) {
    const [x, y] = [(place % columns) * pitch, Math.floor(place / columns) * pitch];
    if (place < length) {
      context.fillStyle = length > limit ? palette.bad : palette.series[1];
      context.fillRect(x, y, side, side);
    } else {
      context.strokeStyle = palette.muted;
      context.setLineDash(place === limit ? [2, 2] : []);
      context.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1);
    }
  }
  context.setLineDash([]);
}

/** The kernel's counters of full queues and lost segments. */
export function KernelCounters({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const [first, last] = [
    frames.find(({ kernel }) => kernel !== null)?.kernel,
    frames.at(-1)?.kernel,
  ];
  const kinds = ["listenOverflows", "listenDrops", "synRetransmits", "retransmits"] as const;
  return (
    <SeriesPanel
      title={t("views.kernel")}
      axis={t("views.kernel.axis")}
      note={t("views.kernel.note")}
      times={points.map(({ atMs }) => atMs)}
      series={kinds.map((kind, i) => ({
        label: t(`views.kernel.${kind}`),
        values: points.map(({ kernel }) => kernel?.[kind] ?? null),
        value: first && last
          ? t("views.kernel.grown", { count: formatCount(Math.max(0, last[kind] - first[kind])) })
          : undefined,
        colour: [2, 5, 1, 3][i],
        dash: [undefined, [6, 4], [2, 4], [10, 4, 2, 4]][i],
      }))}
      format={formatCount}
    />
  );
}
