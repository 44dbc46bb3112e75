/** Figures of servers side by side. */
import type { Moment } from "./moments.ts";
import { sumOf } from "./growth.ts";

/** A figure that servers are compared by. */
export interface ComparedFigure {
  name: "rate" | "p50" | "p99" | "errors" | "cpuPerMessage" | "callsPerMessage" | "rss";
  /** Which is better. */
  better: "more" | "less";
  of: (moment: Moment) => number | null;
}

/** What servers are compared by, the most important first. */
export const COMPARED: readonly ComparedFigure[] = [
  { name: "rate", better: "more", of: messageRate },
  { name: "p50", better: "less", of: ({ latency }) => latency?.p50 ?? null },
  { name: "p99", better: "less", of: ({ latency }) => latency?.p99 ?? null },
  { name: "errors", better: "less", of: errorRate },
  { name: "cpuPerMessage", better: "less", of: ({ cpuUsPerMessage }) => cpuUsPerMessage },
  { name: "callsPerMessage", better: "less", of: ({ callsPerMessage }) => callsPerMessage },
  { name: "rss", better: "less", of: ({ rssBytes }) => rssBytes },
];

/** Messages per second: what clients received or, without a load, what the server counted. */
export function messageRate({ loadRate, serverRate }: Moment): number | null {
  return loadRate ?? serverRate;
}

/** Errors of all kinds per second: what clients saw or, without a load, what the server counted. */
export function errorRate({ loadErrors, serverErrors }: Moment): number | null {
  const errors = loadErrors ?? serverErrors;
  return errors && sumOf(errors);
}

/** How far two rates differ, as a share of the larger; null where one is not known. */
export function difference(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return null;
  const larger = Math.max(a, b);
  return larger === 0 ? 0 : Math.abs(a - b) / larger;
}

/** Differences up to this share are within the uncertainty of a second of sampling. */
const EQUAL_SHARE = 0.02;

/** Which of `values` are the best, including those that are about equal; none if all are. */
export function best(values: readonly (number | null)[], better: "more" | "less"): boolean[] {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return values.map(() => false);
  const top = better === "more" ? Math.max(...known) : Math.min(...known);
  const isTop = values.map((value) => value !== null && difference(value, top)! <= EQUAL_SHARE);
  return isTop.filter(Boolean).length === known.length ? values.map(() => false) : isTop;
}
