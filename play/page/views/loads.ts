/** What the loads on a server count. */
import type { Frame } from "../../protocol.ts";
import type { LoadSample } from "../../../bench/load_sample.ts";
import { growth, type Reading } from "./growth.ts";
import { loadsOf } from "./latency.ts";

/** Answers per second of all loads on a server in a window; null without samples. */
export function loadRate(window: readonly Frame[], server: string): number | null {
  let rate: number | null = null;
  for (const samples of samplesByLoad(window.slice(1), server).values()) {
    const answers = answersOf(samples);
    const ms = samples[samples.length - 1].endMs - samples[0].startMs;
    if (ms > 0) rate = (rate ?? 0) + answers / ms * 1000;
  }
  return rate;
}

/** Answers of all loads on a server in `frames`; null without samples. */
export function loadAnswers(frames: readonly Frame[], server: string): number | null {
  const byLoad = [...samplesByLoad(frames, server).values()];
  return byLoad.length === 0 ? null : byLoad.reduce((sum, samples) => sum + answersOf(samples), 0);
}

/** Answers from the first to the last of a load's samples, including those in samples that were missed. */
function answersOf(samples: readonly LoadSample[]): number {
  const [first, last] = [samples[0], samples[samples.length - 1]];
  return wholeAnswers(last) - wholeAnswers(first) + first.answers;
}

/** Successful answers since the load began: `done` counts failed ones, too. */
function wholeAnswers({ totals: { done, failed } }: LoadSample): number {
  return done - failed;
}

/** Errors per second by kind, of all loads on a server in a window; null without samples. */
export function loadErrorRates(
  window: readonly Frame[],
  server: string,
): Record<string, number> | null {
  let rates: Record<string, number> | null = null;
  for (const [id, samples] of samplesByLoad(window, server)) {
    const readings: Reading[] = samples.map(({ endMs, totals }) => ({
      atMs: endMs,
      counts: totals.errors,
    }));
    // A load that begins within the window begins at 0.
    const isNew = !window[0].loads.some((load) => load.id === id);
    if (isNew) readings.unshift({ atMs: samples[0].startMs, counts: {} });
    const grown = growth(readings);
    if (grown === null) continue;
    rates ??= {};
    for (const [kind, count] of Object.entries(grown.counts)) {
      rates[kind] = (rates[kind] ?? 0) + count / grown.ms * 1000;
    }
  }
  return rates;
}

/** Errors by kind since each load on a server began, including those of loads that have ended. */
export function loadErrorTotals(
  frames: readonly Frame[],
  server: string,
): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const samples of samplesByLoad(frames, server).values()) {
    for (const [kind, count] of Object.entries(samples[samples.length - 1].totals.errors)) {
      totals[kind] = (totals[kind] ?? 0) + count;
    }
  }
  return totals;
}

function samplesByLoad(frames: readonly Frame[], server: string): Map<string, LoadSample[]> {
  const found = new Map<string, LoadSample[]>();
  for (const frame of frames) {
    for (const { id, samples } of loadsOf(frame, server)) {
      if (samples.length === 0) continue;
      const before = found.get(id);
      if (before === undefined) found.set(id, [...samples]);
      else before.push(...samples);
    }
  }
  return found;
}
