/** Which charts `--plot` draws for a run. Pure. */
import type { BenchResult, HtstressResult } from "../result.ts";
import { latenciesOf } from "../result.ts";
import type { Heat } from "../stats/heat.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { figureLabel, type LatencySummary, summarize } from "../stats/summary.ts";
import { capitalized } from "./text_layout.ts";
import {
  cdfChart,
  type Chart,
  dotChart,
  type DotGroup,
  heatCharts,
  type NamedCurve,
  type NamedHeat,
  scatterChart,
  spectrumChart,
} from "./charts.ts";

/** Cells of a heat map. */
const HEAT_COLUMNS = 120;
const HEAT_ROWS = 40;

/**
 * The charts of an echo run: scatter per client, CDF, spectrum, connect next to echo, and the
 * latency over time where it was kept.
 */
export function benchCharts(result: BenchResult, curves: NamedCurve[], heat?: Heat): Chart[] {
  const points = result.clients.flatMap(({ index, meanUs }) =>
    meanUs === null ? [] : [{ client: index, latencyUs: meanUs }]
  );
  return [
    scatterChart("Mean echo latency of each client", [{ name: "echo", points }]),
    cdfChart("Connect and echo: cumulative distribution", curves),
    spectrumChart("Connect and echo: percentile spectrum", curves),
    percentileDots("Connect next to echo", latenciesOf(result)),
    ...overTime("Echo latency over time: echoes per cell", "echo latency", heat),
  ];
}

/**
 * The charts of an HTTP run: CDF, spectrum, percentiles of the phases side by side, and the latency
 * over time where it was kept.
 */
export function htstressCharts(result: HtstressResult, curves: NamedCurve[], heat?: Heat): Chart[] {
  return [
    cdfChart("Latency: cumulative distribution", curves),
    spectrumChart("Latency: percentile spectrum", curves),
    percentileDots("Phases side by side", latenciesOf(result)),
    ...overTime("Latency over time: requests per cell", "latency", heat),
  ];
}

/** One side of a comparison. */
export interface ComparedSide {
  name: string;
  latency: LatencyHistogram;
  /** The latency over time, if it is known. */
  heat?: Heat;
}

/** The charts of two sides, overlaid; `what` is the latency that is compared. */
export function comparedCharts(what: string, sides: readonly ComparedSide[]): Chart[] {
  const name = capitalized(what);
  const curves = sides.map(({ name, latency }) => ({ name, curve: latency.curve() }))
    .filter(({ curve }) => curve.length > 0);
  const summaries = sides.map(({ name, latency }) => ({ name, latency: summarize(latency) }));
  const heats = sides.flatMap((side) => namedHeat(`${name} over time, ${side.name}`, side.heat));
  const charts = [
    cdfChart(`${name}: cumulative distribution`, curves),
    spectrumChart(`${name}: percentile spectrum`, curves),
    ...heats.length === 0 ? [] : heatCharts(heats, what),
  ];
  // Two heat maps are placed side by side, and a single one beside the percentiles.
  charts.splice(
    heats.length === 1 ? 2 : charts.length,
    0,
    percentileDots(`${name}: percentiles`, summaries),
  );
  return charts;
}

function overTime(title: string, what: string, heat: Heat | undefined): Chart[] {
  const heats = namedHeat(title, heat);
  return heats.length === 0 ? [] : heatCharts(heats, what);
}

function namedHeat(title: string, heat: Heat | undefined): NamedHeat[] {
  const grid = heat?.grid(HEAT_COLUMNS, HEAT_ROWS);
  return grid ? [{ title, grid }] : [];
}

function percentileDots(
  title: string,
  latencies: readonly { name: string; latency: LatencySummary }[],
): Chart {
  const groups = (["p50", "p90", "p99", "p999", "max"] as const).map((figure): DotGroup => ({
    name: figureLabel(figure),
    dots: latencies
      .filter(({ latency }) => latency.count > 0)
      .map(({ name, latency }) => ({ series: name, latencyUs: latency[figure] })),
  }));
  return dotChart(title, groups);
}
