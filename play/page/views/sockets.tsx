/** The sockets of a server's port by state. */
import { t } from "../i18n/mod.ts";
import { formatCount } from "./format.ts";
import { moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { SeriesPanel } from "./series_panel.tsx";
import { stacked, STATE_ORDER, statesIn } from "./stack.ts";

/** Stacked areas, TIME-WAIT on top. */
export function Sockets({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const records = points.map(({ sockets }) => sockets);
  const states = statesIn(records);
  const layers = states.map((state) => records.map((record) => record && (record[state] ?? 0)));
  const edges = stacked(layers);
  return (
    <SeriesPanel
      title={t("views.sockets")}
      axis={t("views.sockets.axis")}
      isCount
      note={t("views.sockets.note")}
      times={points.map(({ atMs }) => atMs)}
      layers={layers}
      series={states.map((state, i) => ({
        label: state.toUpperCase(),
        values: edges[i],
        colour: COLOURS[state] ?? 7,
        dash: DASHES[i % DASHES.length],
        isArea: true,
      }))}
      format={formatCount}
    />
  );
}

/** A state has the same colour wherever it is in the stack. */
const COLOURS: Record<string, number> = Object.fromEntries(
  STATE_ORDER.map((state, i) => [state, [8, 5, 1, 4, 6, 3, 8, 5, 7, 2][i]]),
);

const DASHES = [undefined, [6, 3], [2, 3], [10, 3, 2, 3]] as const;
