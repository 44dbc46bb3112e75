/** The figures of a run, each one number for the whole time in which a load ran. */
import type { Frame } from "../../protocol.ts";
import { sumOf } from "../views/growth.ts";
import { loadSamples, loadsOf } from "../views/latency.ts";
import { loadAnswers, loadErrorTotals } from "../views/loads.ts";
import { momentOf, viewOf } from "../views/moments.ts";

/** Figures of a server in a run. Null: not known. Times are in us. */
export interface RunFigures {
  /** Answers per second, as counted by the load. */
  perSecond: number | null;
  answers: number | null;
  p50Us: number | null;
  p99Us: number | null;
  maxUs: number | null;
  connectMaxUs: number | null;
  errors: number | null;
  /** Of the errors: connects that were refused, and everything else. */
  refused: number | null;
  cutOff: number | null;
  cpuUsPerMessage: number | null;
  /** How much of the CPU time was the kernel's. */
  kernelShare: number | null;
  callsPerMessage: number | null;
  eventsPerWait: number | null;
  /** The maximum of each during the run. */
  acceptQueue: number | null;
  timeWait: number | null;
  threads: number | null;
  rssBytes: number | null;
  /** Of the whole network namespace. */
  synRetransmits: number | null;
  listenOverflows: number | null;
  /** Silent and slow clients that the server closed, and when the first of them was, in us. */
  heldClosed: number | null;
  firstClosedUs: number | null;
}

/** Frames from the one before a load on `server` appears to the last in which it runs. */
export function loadedFrames(frames: readonly Frame[], server: string): readonly Frame[] {
  const isLoaded = frames.map((frame) =>
    loadsOf(frame, server).some(({ state, samples }) => state === "running" || samples.length > 0)
  );
  const first = isLoaded.indexOf(true);
  if (first < 0) return [];
  return frames.slice(Math.max(0, first - 1), isLoaded.lastIndexOf(true) + 1);
}

function most(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : known.reduce((a, b) => Math.max(a, b));
}

/** The figures of `server` over the time in which a load ran on it. */
export function figuresOf(frames: readonly Frame[], server: string): RunFigures {
  const run = loadedFrames(frames, server);
  if (run.length < 2) return NOTHING;
  const moment = momentOf(run, server);
  const views = run.map((frame) => viewOf(frame, server));
  const loads = run.flatMap((frame) => loadsOf(frame, server));
  const samples = loadSamples(run, server);
  const totals = samples.length === 0 ? null : loadErrorTotals(run, server);
  const startMs = samples.reduce((least, sample) => Math.min(least, sample.startMs), run[1].atMs);
  const connects = samples.map(({ connect }) => connect.upToUs.at(-1));
  const { userCpu, systemCpu } = moment;
  const cpu = (userCpu ?? 0) + (systemCpu ?? 0);
  const held = run.map((frame) =>
    loadsOf(frame, server).reduce((sum, load) => sum + load.held.closed, 0)
  );
  const closedAt = held.findIndex((count) => count > 0);
  const kernel = (name: "synRetransmits" | "listenOverflows") => {
    const [first, last] = [run[0].kernel, run[run.length - 1].kernel];
    return first && last ? last[name] - first[name] : null;
  };
  return {
    perSecond: moment.loadRate,
    answers: loadAnswers(run, server),
    p50Us: moment.latency?.p50 ?? null,
    p99Us: moment.latency?.p99 ?? null,
    maxUs: moment.latency?.max ?? null,
    connectMaxUs: most(connects),
    errors: totals && sumOf(totals),
    refused: totals && (totals.refused ?? 0),
    cutOff: totals && sumOf(totals) - (totals.refused ?? 0),
    cpuUsPerMessage: moment.cpuUsPerMessage,
    kernelShare: systemCpu === null || cpu === 0 ? null : systemCpu / cpu,
    callsPerMessage: moment.callsPerMessage,
    eventsPerWait: moment.eventsPerWait,
    acceptQueue: most(views.map((view) => view?.sockets?.acceptQueue?.length)),
    timeWait: most(views.map((view) => view?.sockets && (view.sockets.states["time-wait"] ?? 0))),
    threads: most(views.map((view) => view?.process?.threads)),
    rssBytes: most(views.map((view) => view?.process?.rssBytes)),
    synRetransmits: kernel("synRetransmits"),
    listenOverflows: kernel("listenOverflows"),
    heldClosed: loads.length === 0 ? null : held[held.length - 1],
    firstClosedUs: closedAt < 0 ? null : (run[closedAt].atMs - startMs) * 1000,
  };
}

const NOTHING: RunFigures = {
  perSecond: null,
  answers: null,
  p50Us: null,
  p99Us: null,
  maxUs: null,
  connectMaxUs: null,
  errors: null,
  refused: null,
  cutOff: null,
  cpuUsPerMessage: null,
  kernelShare: null,
  callsPerMessage: null,
  eventsPerWait: null,
  acceptQueue: null,
  timeWait: null,
  threads: null,
  rssBytes: null,
  synRetransmits: null,
  listenOverflows: null,
  heldClosed: null,
  firstClosedUs: null,
};

/** How a figure is written. */
export type FigureKind = "count" | "time" | "bytes" | "share";

/** All figures in the order in which tables show them. */
export const FIGURES: readonly { name: keyof RunFigures; kind: FigureKind }[] = [
  { name: "perSecond", kind: "count" },
  { name: "answers", kind: "count" },
  { name: "p50Us", kind: "time" },
  { name: "p99Us", kind: "time" },
  { name: "maxUs", kind: "time" },
  { name: "connectMaxUs", kind: "time" },
  { name: "errors", kind: "count" },
  { name: "refused", kind: "count" },
  { name: "cutOff", kind: "count" },
  { name: "cpuUsPerMessage", kind: "time" },
  { name: "kernelShare", kind: "share" },
  { name: "callsPerMessage", kind: "count" },
  { name: "eventsPerWait", kind: "count" },
  { name: "acceptQueue", kind: "count" },
  { name: "timeWait", kind: "count" },
  { name: "threads", kind: "count" },
  { name: "rssBytes", kind: "bytes" },
  { name: "synRetransmits", kind: "count" },
  { name: "listenOverflows", kind: "count" },
  { name: "heldClosed", kind: "count" },
  { name: "firstClosedUs", kind: "time" },
];

/** A line of a plot over the seconds of a run. */
export interface RunSeries {
  seconds: number[];
  perSecond: number[];
}

/** Answers per second over the time of a run, in steps of `stepMs`. */
export function seriesOf(frames: readonly Frame[], server: string, stepMs = 250): RunSeries {
  const samples = loadSamples(loadedFrames(frames, server), server);
  const series: RunSeries = { seconds: [], perSecond: [] };
  if (samples.length === 0) return series;
  const startMs = samples.reduce((least, { startMs }) => Math.min(least, startMs), Infinity);
  const endMs = samples.reduce((most, { endMs }) => Math.max(most, endMs), 0);
  const counts = new Array<number>(Math.ceil((endMs - startMs) / stepMs)).fill(0);
  for (const sample of samples) {
    const length = Math.max(sample.endMs - sample.startMs, 1);
    const last = Math.floor((sample.endMs - startMs) / stepMs);
    // A sample that spans steps is divided as if its answers had come evenly.
    for (let i = Math.floor((sample.startMs - startMs) / stepMs); i <= last; ++i) {
      const from = Math.max(sample.startMs, startMs + i * stepMs);
      const to = Math.min(sample.endMs, startMs + (i + 1) * stepMs);
      if (to > from) counts[i] += sample.answers * (to - from) / length;
    }
  }
  counts.forEach((count, i) => {
    const ms = Math.min(stepMs, endMs - startMs - i * stepMs);
    // A last step of less than half the length is too short for a rate.
    if (ms < stepMs / 2) return;
    series.seconds.push((i * stepMs + ms / 2) / 1000);
    series.perSecond.push(count / ms * 1000);
  });
  return series;
}
