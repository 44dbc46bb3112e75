/** The traffic between clients and a server, and its errors. */
import { t } from "../i18n/mod.ts";
import { formatCount, formatTime } from "./format.ts";
import { loadErrorTotals } from "./loads.ts";
import { moments, SERVER_ERRORS } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { Panel } from "./panel.tsx";
import { Series, SeriesPanel } from "./series_panel.tsx";

/** Messages per second, as counted by the server and by its loads. */
export function Throughput({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  return (
    <SeriesPanel
      title={t(`views.rate.${server.setup.service}`)}
      axis={t(`views.rate.axis.${server.setup.service}`)}
      note={t("views.rate.note")}
      times={points.map(({ atMs }) => atMs)}
      series={[
        {
          label: t("views.server"),
          values: points.map(({ serverRate }) => serverRate),
          colour: 1,
          isArea: true,
        },
        {
          label: t("views.load"),
          values: points.map(({ loadRate }) => loadRate),
          colour: 2,
          dash: [6, 4],
        },
      ]}
      format={formatCount}
    />
  );
}

/** Latency percentiles over a sliding second. */
export function Latency({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const values = (name: "p50" | "p90" | "p99" | "max") =>
    points.map(({ latency }) => latency?.[name] ?? null);
  return (
    <SeriesPanel
      title={t("views.latency")}
      axis={t("views.latency.axis")}
      note={t("views.latency.note")}
      times={points.map(({ atMs }) => atMs)}
      series={[
        { label: t("views.max"), values: values("max"), colour: 7, dash: [1, 4] },
        { label: "p99", values: values("p99"), colour: 2 },
        { label: "p90", values: values("p90"), colour: 5, dash: [10, 4] },
        { label: "p50", values: values("p50"), colour: 1, dash: [4, 4] },
      ]}
      format={formatTime}
      unknown={t("views.noLoad")}
      scale="logarithmic"
    />
  );
}

const STROKES = [undefined, [6, 4], [2, 4], [10, 4], [10, 4, 2, 4], [1, 6]] as const;

/** Errors by kind, as counted by clients and by the server. */
export function Errors({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const counters = server.sample?.counters;
  const kinds = [
    ...Object.entries(loadErrorTotals(frames, server.id)).map(([kind, total]) => ({
      label: t("views.errors.load", { kind }),
      total,
      values: points.map(({ loadErrors }) => loadErrors && (loadErrors[kind] ?? 0)),
    })),
    ...SERVER_ERRORS.map((kind) => ({
      label: t(`views.errors.${kind}`),
      total: counters?.[kind] ?? 0,
      values: points.map(({ serverErrors }) => serverErrors?.[kind] ?? null),
    })),
  ]
    // A kind keeps its colour when another one appears.
    .map((kind, i) => ({ ...kind, colour: 1 + i % 8, dash: STROKES[i % STROKES.length] }))
    .filter(({ total }) => total > 0);
  if (kinds.length === 0) {
    return (
      <Panel title={t("views.errors")}>
        <p class="nothing">{t("views.errors.none")}</p>
      </Panel>
    );
  }
  return (
    <Panel title={t("views.errors")} note={t("views.errors.note")}>
      <Series
        title={t("views.errors")}
        axis={t("views.errors.axis")}
        times={points.map(({ atMs }) => atMs)}
        series={kinds.map((kind) => ({ ...kind, value: formatCount(kind.total) }))}
        format={formatCount}
      />
    </Panel>
  );
}
