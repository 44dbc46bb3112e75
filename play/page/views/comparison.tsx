/** Several servers side by side: the same figures, on the same axes. */
import type { Frame, ServerView } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";
import { letterOf } from "../names.ts";
import { Chart, type ChartSeries } from "./chart.tsx";
import { best, COMPARED, type ComparedFigure, messageRate } from "./comparison.ts";
import { formatBytes, formatCount, formatShare, formatTime } from "./format.ts";
import { type Moment, moments } from "./moments.ts";
import { TableAlternative } from "./panel.tsx";
import { agoText, rowTimes } from "./series_panel.tsx";
import { usePaced } from "./paced.ts";
import { niceCeiling } from "./ticks.ts";

/** A small picture for each server. */
const PICTURES = [
  { name: "rate", of: messageRate, format: formatCount, colour: 1 },
  {
    name: "p99",
    of: ({ latency }: Moment) => latency?.p99 ?? null,
    format: formatTime,
    colour: 2,
  },
  {
    name: "acceptQueue",
    of: ({ acceptQueue }: Moment) => acceptQueue,
    format: formatCount,
    colour: 4,
  },
  {
    name: "cpu",
    of: ({ userCpu, systemCpu }: Moment) =>
      userCpu === null || systemCpu === null ? null : userCpu + systemCpu,
    format: formatShare,
    colour: 3,
  },
] as const;

const FORMATS: Record<ComparedFigure["name"], (value: number | null) => string> = {
  rate: formatCount,
  p50: formatTime,
  p99: formatTime,
  errors: formatCount,
  cpuPerMessage: formatTime,
  callsPerMessage: formatCount,
  rss: formatBytes,
};

/** Small multiples and a table of all servers that have told something; nothing with fewer than two. */
export function Comparison({ frames: newest }: { frames: readonly Frame[] }) {
  const frames = usePaced(newest);
  const servers = (frames.at(-1)?.servers ?? []).filter(({ sample }) => sample !== null);
  if (servers.length < 2) return null;
  const points = new Map(servers.map(({ id }) => [id, moments(frames, id)]));
  const times = frames.map(({ atMs }) => atMs);
  return (
    <section class="comparison" aria-labelledby="views-comparison">
      <h2 id="views-comparison">{t("views.comparison")}</h2>
      <FiguresTable servers={servers} points={points} />
      <div class="multiples" style={{ "--servers": servers.length }}>
        {PICTURES.map(({ name, of, format, colour }) => {
          const rows = servers.map((server) => ({
            server,
            values: points.get(server.id)!.map(of),
          }));
          const known = rows.flatMap(({ values }) => values.filter((value) => value !== null));
          if (known.length === 0) return null;
          const most = niceCeiling(known.reduce((a, b) => Math.max(a, b)));
          return rows.map(({ server, values }) => (
            <Multiple
              key={`${name} ${server.id}`}
              title={t(`views.compared.${name}`)}
              server={`${letterOf(server.id)} · ${nameOf(server)}`}
              times={times}
              series={{ label: "", values, colour, isArea: true }}
              max={most}
              format={format}
            />
          ));
        })}
      </div>
      <TableAlternative
        atMs={times.at(-1) ?? 0}
        content={() => ({
          caption: t("views.comparison"),
          head: [
            t("views.ago"),
            ...PICTURES.flatMap(({ name }) =>
              servers.map(({ id }) => `${t(`views.compared.${name}`)}, ${letterOf(id)}`)
            ),
          ],
          rows: rowTimes(times).map(({ agoMs, index }) => [
            agoText(agoMs),
            ...PICTURES.flatMap(({ of, format }) =>
              servers.map(({ id }) => format(index < 0 ? null : of(points.get(id)![index])))
            ),
          ]),
        })}
      />
    </section>
  );
}

function Multiple({ title, server, times, series, max, format }: {
  title: string;
  server: string;
  times: readonly number[];
  series: ChartSeries;
  max: number;
  format: (value: number | null) => string;
}) {
  return (
    <div class="multiple">
      <p>
        <span>{server}</span> <b>{format(series.values.at(-1) ?? null)}</b>
      </p>
      <Chart
        label={`${title}, ${server}`}
        axis={title}
        times={times}
        series={[series]}
        format={format}
        max={max}
        height={90}
      />
    </div>
  );
}

function FiguresTable({ servers, points }: {
  servers: readonly ServerView[];
  points: ReadonlyMap<string, readonly Moment[]>;
}) {
  const now = servers.map(({ id }) => points.get(id)!.at(-1)!);
  const marks = COMPARED.map(({ of, better }) => best(now.map(of), better));
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={t("views.comparison")}>
      <table>
        <caption>{t("views.comparison.caption")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("views.server")}</th>
            {COMPARED.map(({ name }) => (
              <th scope="col" key={name}>{t(`views.compared.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {servers.map((server, row) => (
            <tr key={server.id}>
              <th scope="row">
                {letterOf(server.id)} <small>{nameOf(server)}</small>
              </th>
              {COMPARED.map(({ name, of }, column) => (
                <td key={name} class={marks[column][row] ? "best" : undefined}>
                  {FORMATS[name](of(now[row]))}
                  {marks[column][row] && (
                    <span class="mark">
                      <span aria-hidden="true">★</span>
                      <span class="hidden">{t("views.comparison.best")}</span>
                    </span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A server by what sets it apart. */
function nameOf({ setup: { service, engine, model } }: ServerView): string {
  return `${service} · ${engine} · ${model}`;
}
