/** Time series with all that belongs to them: legend, chart, table. */
import { t } from "../i18n/mod.ts";
import { Chart, type ChartSeries, SPAN_MS } from "./chart.tsx";
import { UNKNOWN } from "./format.ts";
import { Legend, Panel, type PanelProps, TableAlternative } from "./panel.tsx";

/** A series, and what its legend shows instead of its newest value. */
export interface PanelSeries extends ChartSeries {
  value?: string;
}

export interface SeriesProps {
  title: string;
  /** What the axis measures, with the unit. */
  axis: string;
  times: readonly number[];
  series: readonly PanelSeries[];
  format: (value: number | null) => string;
  scale?: "linear" | "logarithmic";
  max?: number;
  isCount?: boolean;
  /** The text if no value is known. */
  unknown?: string;
  /** For stacked areas, whose `values` are upper edges: the values themselves. */
  layers?: readonly (readonly (number | null)[])[];
}

/** Steps of a table, in ms. */
const STEP_MS = 5000;

/** How long ago a row of a table is. */
export function agoText(agoMs: number): string {
  return agoMs === 0 ? t("views.now") : `${agoMs / 1000} s`;
}

/** A chart of series with its legend and table. */
export function Series(props: SeriesProps) {
  const { title, axis, times, series, format, layers } = props;
  const valuesOf = (i: number) => layers?.[i] ?? series[i].values;
  const atMs = times.at(-1) ?? 0;
  if (series.every(({ values }) => values.every((value) => value === null))) {
    return <p class="nothing">{props.unknown ?? t("views.unknown")}</p>;
  }
  return (
    <>
      <Legend
        items={series.map((each, i) => ({
          ...each,
          value: each.value ?? format(valuesOf(i).at(-1) ?? null),
        }))}
      />
      <Chart
        label={`${title}. ${axis}. ${t("views.tableBelow")}`}
        axis={axis}
        times={times}
        series={series}
        format={format}
        scale={props.scale}
        max={props.max}
        isCount={props.isCount}
      />
      <TableAlternative
        atMs={atMs}
        content={() => ({
          caption: `${title} (${axis})`,
          head: [t("views.ago"), ...series.map(({ label }) => label)],
          rows: rowTimes(times).map(({ agoMs, index }) => [
            agoText(agoMs),
            ...series.map((_, i) => index < 0 ? UNKNOWN : format(valuesOf(i)[index])),
          ]),
        })}
      />
    </>
  );
}

/** Indexes of the times at whole steps back from the newest, the newest first; -1 if there is none. */
export function rowTimes(times: readonly number[]): { agoMs: number; index: number }[] {
  const last = times.at(-1);
  if (last === undefined) return [];
  return Array.from({ length: SPAN_MS / STEP_MS + 1 }, (_, i) => {
    const agoMs = i * STEP_MS;
    return { agoMs, index: times.findLastIndex((at) => at <= last - agoMs) };
  });
}

/** A panel that shows series. */
export function SeriesPanel(
  { note, place, ...series }: SeriesProps & Pick<PanelProps, "note" | "place">,
) {
  return (
    <Panel title={series.title} note={note} place={place}>
      <Series {...series} />
    </Panel>
  );
}
