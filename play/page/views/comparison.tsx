/** Several servers side by side: the same figures, on the same axes. */
import type { Frame, ServerView } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";
import { colourOf, letterOf } from "../names.ts";
import { serverText } from "../runs/titles.ts";
import { Chart } from "./chart.tsx";
import { best, COMPARED, type ComparedFigure, messageRate } from "./comparison.ts";
import { formatBytes, formatCount, formatShare, formatTime } from "./format.ts";
import { type Moment, moments } from "./moments.ts";
import { TableAlternative } from "./panel.tsx";
import { agoText, rowTimes } from "./series_panel.tsx";
import { usePaced } from "./paced.ts";

/** A picture for each of these, with a line for each server. */
const PICTURES = [
  { name: "rate", of: messageRate, format: formatCount },
  { name: "p99", of: ({ latency }: Moment) => latency?.p99 ?? null, format: formatTime },
  {
    name: "acceptQueue",
    of: ({ acceptQueue }: Moment) => acceptQueue,
    format: formatCount,
    isCount: true,
  },
  {
    name: "cpu",
    of: ({ userCpu, systemCpu }: Moment) =>
      userCpu === null || systemCpu === null ? null : userCpu + systemCpu,
    format: formatShare,
  },
] as const;

/** How the lines of servers are told apart without colour. */
const DASHES = [undefined, [7, 4], [2, 3], [10, 4, 2, 4]] as const;

const FORMATS: Record<ComparedFigure["name"], (value: number | null) => string> = {
  rate: formatCount,
  p50: formatTime,
  p99: formatTime,
  errors: formatCount,
  cpuPerMessage: formatTime,
  callsPerMessage: formatCount,
  rss: formatBytes,
};

/** Figures and pictures of all servers that have sent samples; nothing with fewer than two. */
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
      <div class="pictures">
        {PICTURES.map(({ name, of, format, ...options }) => {
          const series = servers.map(({ id }, i) => ({
            label: letterOf(id),
            values: points.get(id)!.map(of),
            colour: colourOf(id),
            dash: DASHES[i % DASHES.length],
          }));
          if (series.every(({ values }) => values.every((value) => value === null))) return null;
          return (
            <Chart
              key={name}
              label={`${t(`views.compared.${name}`)}, ${servers.map(serverName).join(", ")}`}
              axis={t(`views.compared.${name}`)}
              times={times}
              series={series}
              format={format}
              height={120}
              {...options}
            />
          );
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
            <th scope="col">{t("views.comparison.server")}</th>
            {COMPARED.map(({ name }) => (
              <th scope="col" key={name}>{t(`views.compared.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {servers.map((server, row) => (
            <tr key={server.id}>
              <th scope="row" class={`series-${colourOf(server.id)}`}>
                <span class="letter">{letterOf(server.id)}</span>
                <small>{serverText(server.setup)}</small>
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

/** A server in words: `A, http, epoll, per-core`. */
function serverName({ id, setup }: ServerView): string {
  return `${letterOf(id)}, ${serverText(setup)}`;
}
