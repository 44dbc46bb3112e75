/** The latency object of ktcp's JSON documents. */
import type { LatencyHistogram } from "./histogram.ts";

/** Figures of a latency distribution in microseconds; all but `count` are null without samples. */
export interface LatencySummary {
  count: number;
  min: number | null;
  mean: number | null;
  sd: number | null;
  p50: number | null;
  p75: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
  p999: number | null;
  p9999: number | null;
  max: number | null;
}

/** The names of the figures, in the order in which they are shown. */
export const FIGURES = [
  "min",
  "mean",
  "sd",
  "p50",
  "p75",
  "p90",
  "p95",
  "p99",
  "p999",
  "p9999",
  "max",
] as const;

/** The name of a figure of a {@linkcode LatencySummary}. */
export type Figure = typeof FIGURES[number];

/** The percentiles that have a figure of their own, by name. */
export const PERCENTILES = {
  p50: 50,
  p75: 75,
  p90: 90,
  p95: 95,
  p99: 99,
  p999: 99.9,
  p9999: 99.99,
};

/** The label of `figure`: `p99.9` for `p999`. */
export function figureLabel(figure: Figure): string {
  return figure in PERCENTILES ? `p${PERCENTILES[figure as keyof typeof PERCENTILES]}` : figure;
}

/** Cuts off the digits below the histogram's resolution (0.01 µs), which are rounding noise. */
function rounded(us: number): number {
  return Number(us.toFixed(2));
}

/** Summarizes `histogram`; without one, or when it is empty, every figure is null. */
export function summarize(histogram?: LatencyHistogram): LatencySummary {
  const count = histogram?.count ?? 0;
  const figure = (us: (h: LatencyHistogram) => number) =>
    histogram && count > 0 ? rounded(us(histogram)) : null;
  return {
    count,
    min: figure((h) => h.minUs),
    mean: figure((h) => h.meanUs),
    sd: figure((h) => h.sdUs),
    p50: figure((h) => h.percentileUs(PERCENTILES.p50)),
    p75: figure((h) => h.percentileUs(PERCENTILES.p75)),
    p90: figure((h) => h.percentileUs(PERCENTILES.p90)),
    p95: figure((h) => h.percentileUs(PERCENTILES.p95)),
    p99: figure((h) => h.percentileUs(PERCENTILES.p99)),
    p999: figure((h) => h.percentileUs(PERCENTILES.p999)),
    p9999: figure((h) => h.percentileUs(PERCENTILES.p9999)),
    max: figure((h) => h.maxUs),
  };
}
