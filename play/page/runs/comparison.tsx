/** Runs side by side: a table of figures with ratios, and one plot for all of them. */
import { useMemo } from "preact/hooks";
import { type MessageKey, t } from "../i18n/mod.ts";
import { formatBytes, formatCount, formatShare, formatTime } from "../views/format.ts";
import { type FigureKind, FIGURES, figuresOf, seriesOf } from "./figures.ts";
import { LinePlot } from "./line_plot.tsx";
import type { Run } from "./runs.ts";
import { loadedServers, serverText, titleOf } from "./titles.ts";

const FORMATS: Record<FigureKind, (value: number | null) => string> = {
  count: formatCount,
  time: formatTime,
  bytes: formatBytes,
  share: formatShare,
};

/** A figure in its unit; a dash where it is not known. */
export function formatFigure(kind: FigureKind, value: number | null): string {
  return FORMATS[kind](value);
}

/** How many times `base` a value is: `×1.25`, `÷40`; empty where that cannot be told. */
export function ratioText(value: number | null, base: number | null): string {
  if (!value || !base) return "";
  const ratio = value / base;
  return ratio < 0.1 ? `÷${threeDigits(1 / ratio)}` : `×${threeDigits(ratio)}`;
}

function threeDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en");
}

/** Runs side by side. */
export function Comparison({ runs }: { runs: readonly Run[] }) {
  const columns = useMemo(
    () =>
      runs.flatMap((run) =>
        loadedServers(run).map(({ id, letter, setup }) => ({
          key: `${run.id} ${id}`,
          title: `${titleOf(run)} · ${letter}`,
          setup,
          figures: figuresOf(run.recording.frames, id),
          series: seriesOf(run.recording.frames, id),
        }))
      ),
    [runs.map(({ id }) => id).join()],
  );
  const rows = FIGURES.filter(({ name }) => columns.some(({ figures }) => figures[name] !== null));
  return (
    <section class="card" aria-labelledby="comparison-title">
      <h3 id="comparison-title">{t("comparison.title")}</h3>
      {columns.length === 1 && <p class="muted">{t("comparison.one")}</p>}
      <section class="table-scroll" tabIndex={0} aria-labelledby="comparison-title">
        <table>
          <thead>
            <tr>
              <th scope="col">{t("comparison.figure")}</th>
              {columns.map(({ key, title, setup }) => (
                <th scope="col" key={key}>
                  {title}
                  <small>{serverText(setup)}</small>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, kind }) => (
              <tr key={name}>
                <th scope="row">{t(`figure.${name}` as MessageKey)}</th>
                {columns.map(({ key, figures }, i) => (
                  <td key={key}>
                    {formatFigure(kind, figures[name])}
                    {i > 0 && <small>{ratioText(figures[name], columns[0].figures[name])}</small>}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="note">{t("comparison.ratio")}</p>
      <LinePlot
        title={t("comparison.plot")}
        xLabel={t("comparison.seconds")}
        lines={columns.map(({ title, series }) => ({
          name: title,
          x: series.seconds,
          y: series.perSecond,
        }))}
        format={formatCount}
      />
    </section>
  );
}
