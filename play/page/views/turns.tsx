/** Turns of event loops: how many events a wait brings, and how many system calls a message takes. */
import { t } from "../i18n/mod.ts";
import { formatCount } from "./format.ts";
import { moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { Panel } from "./panel.tsx";
import { Series } from "./series_panel.tsx";

/** Events per wait and system calls per message. */
export function Turns({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const isCounted = server.sample === null ||
    server.sample.threads.some(({ calls }) => calls !== undefined);
  return (
    <Panel title={t("views.turns")} note={t("views.turns.note")} place="turns">
      {!isCounted
        ? <p class="nothing">{t("views.turns.unknown", { engine: server.setup.engine })}</p>
        : (
          <Series
            title={t("views.turns")}
            axis={t("views.turns.axis")}
            times={points.map(({ atMs }) => atMs)}
            series={[
              {
                label: t("views.eventsPerWait"),
                values: points.map(({ eventsPerWait }) => eventsPerWait),
                colour: 1,
              },
              {
                label: t(`views.callsPer.${server.setup.service}`),
                values: points.map(({ callsPerMessage }) => callsPerMessage),
                colour: 2,
                dash: [6, 4],
              },
            ]}
            format={formatCount}
          />
        )}
    </Panel>
  );
}
