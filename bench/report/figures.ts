/** Which charts `--plot` draws for a run. Pure. */
import type { BenchResult, HtstressResult, Result } from "../result.ts";
import { latenciesOf } from "../result.ts";
import { figureLabel } from "../stats/summary.ts";
import {
  cdfChart,
  type Chart,
  dotChart,
  type DotGroup,
  type NamedCurve,
  scatterChart,
  spectrumChart,
} from "./charts.ts";

/** The four charts of an echo run: scatter per client, CDF, spectrum, connect next to echo. */
export function benchCharts(result: BenchResult, curves: NamedCurve[]): Chart[] {
  const points = result.clients.flatMap(({ index, meanUs }) =>
    meanUs === null ? [] : [{ client: index, latencyUs: meanUs }]
  );
  return [
    scatterChart("Mean echo latency of each client", [{ name: "echo", points }]),
    cdfChart("Connect and echo: cumulative distribution", curves),
    spectrumChart("Connect and echo: percentile spectrum", curves),
    percentileDots("Connect next to echo", result),
  ];
}

/** The three charts of an HTTP run: CDF, spectrum, percentiles of the phases side by side. */
export function htstressCharts(result: HtstressResult, curves: NamedCurve[]): Chart[] {
  return [
    cdfChart("Latency: cumulative distribution", curves),
    spectrumChart("Latency: percentile spectrum", curves),
    percentileDots("Phases side by side", result),
  ];
}

function percentileDots(title: string, result: Result): Chart {
  const groups = (["p50", "p90", "p99", "p999", "max"] as const).map((figure): DotGroup => ({
    name: figureLabel(figure),
    dots: latenciesOf(result)
      .filter(({ latency }) => latency.count > 0)
      .map(({ name, latency }) => ({ series: name, latencyUs: latency[figure] })),
  }));
  return dotChart(title, groups);
}
