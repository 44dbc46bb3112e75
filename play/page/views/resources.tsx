/** What a server's process uses. */
import { t } from "../i18n/mod.ts";
import { formatBytes, formatShare } from "./format.ts";
import { moments } from "./moments.ts";
import type { ViewProps } from "./view_props.ts";
import { SeriesPanel } from "./series_panel.tsx";
import { stacked } from "./stack.ts";

/** CPU time in user and kernel mode, and that of its loads. */
export function Cpu({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  const layers = [
    points.map(({ userCpu }) => userCpu),
    points.map(({ systemCpu }) => systemCpu),
    points.map(({ loadCpu }) => loadCpu),
  ];
  const [user, system] = stacked(layers.slice(0, 2));
  const cost = points.at(-1)?.sampleCpu ?? null;
  return (
    <SeriesPanel
      title="CPU"
      axis={t("views.cpu.axis")}
      place="cpu"
      note={t("views.cpu.note", { cost: formatShare(cost) })}
      times={points.map(({ atMs }) => atMs)}
      layers={layers}
      series={[
        { label: t("views.cpu.user"), values: user, colour: 1, isArea: true },
        { label: t("views.cpu.system"), values: system, colour: 2, isArea: true, dash: [6, 3] },
        { label: t("views.cpu.load"), values: layers[2], colour: 7, dash: [2, 4] },
      ]}
      format={formatShare}
    />
  );
}

/** The unit of the memory axis, so that its steps are round. */
const MEBIBYTE = 2 ** 20;

/** Resident memory. */
export function Memory({ server, frames }: ViewProps) {
  const points = moments(frames, server.id);
  return (
    <SeriesPanel
      title={t("views.memory")}
      axis={t("views.memory.axis")}
      place="memory"
      times={points.map(({ atMs }) => atMs)}
      series={[{
        label: "RSS",
        values: points.map(({ rssBytes }) => rssBytes === null ? null : rssBytes / MEBIBYTE),
        colour: 3,
        isArea: true,
      }]}
      format={(mebibytes) => formatBytes(mebibytes === null ? null : mebibytes * MEBIBYTE)}
    />
  );
}
