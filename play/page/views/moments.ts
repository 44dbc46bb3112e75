/** What is known of a server at each moment: the figures that charts and tables show. */
import type { Frame, KernelView, ProcessView, ServerView } from "../../protocol.ts";
import type { CallCounts } from "../../../servers/net/engines/linux/call_counts.ts";
import type { Counters } from "../../../servers/net/counters.ts";
import { growth, perSecond, type Reading, sumOf } from "./growth.ts";
import { loadSamples, loadsOf, type Percentiles, percentiles } from "./latency.ts";
import { loadErrorRates, loadRate } from "./loads.ts";
import { overWindows } from "./windows.ts";

/** A moment. Null: not known. Rates are those of the second before it. */
export interface Moment {
  atMs: number;
  state: ServerView["state"] | null;
  /** Messages per second, as counted by the server. */
  serverRate: number | null;
  /** Answers per second, as counted by its loads. */
  loadRate: number | null;
  latency: Percentiles | null;
  /** Open connections, as counted by the server. */
  open: number | null;
  /** Errors per second, by kind. */
  loadErrors: Readonly<Record<string, number>> | null;
  serverErrors: Readonly<Record<ServerErrorKind, number>> | null;
  acceptQueue: number | null;
  acceptLimit: number | null;
  synQueue: number | null;
  /** Growth of the network namespace's counters, per second. */
  kernel: Readonly<Record<keyof KernelView, number>> | null;
  /** Sockets by state, without the one that listens. */
  sockets: Readonly<Record<string, number>> | null;
  /** Work items of a pool model. */
  waiting: number | null;
  active: number | null;
  maxActive: number | null;
  eventsPerWait: number | null;
  callsPerMessage: number | null;
  /** CPU time, as a share of one CPU. */
  userCpu: number | null;
  systemCpu: number | null;
  loadCpu: number | null;
  /** CPU time per message, in us. */
  cpuUsPerMessage: number | null;
  rssBytes: number | null;
  /** What sampling costs the server's main thread, as a share of one CPU. */
  sampleCpu: number | null;
}

/** What counts as an error of a server. */
export const SERVER_ERRORS = ["resets", "timeouts", "overloads"] as const;

export type ServerErrorKind = (typeof SERVER_ERRORS)[number];

/** What is known of a server at each of `frames`. */
export const moments: (frames: readonly Frame[], server: string) => readonly Moment[] = overWindows(
  momentOf,
);

/** What is known of a server at the last frame of a window. */
export function momentOf(window: readonly Frame[], server: string): Moment {
  const last = window[window.length - 1];
  const view = viewOf(last, server);
  const views = window.map((frame) => viewOf(frame, server));

  const counted = (name: keyof Counters) =>
    growth(views.map((view) => sampled(view, { [name]: view?.sample?.counters[name] ?? 0 })));
  const served = counted("served");
  const calls = callGrowth(views);
  const cpu = growth(window.map((frame, i) => cpuReading(frame, views[i]?.process ?? null)));
  const loadCpu = growth(window.map((frame) => loadCpuReading(frame, server)));
  const cost = growth(views.map((view) => sampled(view, { us: view?.sample?.costUs ?? 0 })));
  const kernel = growth(window.map(kernelReading));
  const cores = (us: number | undefined, ms: number) => (us ?? 0) / (ms * 1000);

  return {
    atMs: last.atMs,
    state: view?.state ?? null,
    serverRate: perSecond(served),
    loadRate: loadRate(window, server),
    latency: percentiles(loadSamples(window.slice(1), server).map(({ latency }) => latency)),
    open: view?.sample?.counters.open ?? null,
    loadErrors: loadErrorRates(window, server),
    serverErrors: served && {
      resets: perSecond(counted("resets"))!,
      timeouts: perSecond(counted("timeouts"))!,
      overloads: perSecond(counted("overloads"))!,
    },
    acceptQueue: view?.sockets?.acceptQueue?.length ?? null,
    acceptLimit: view?.sockets?.acceptQueue?.limit ?? null,
    synQueue: view?.sockets?.synQueue ?? null,
    kernel: kernel && mapRecord(kernel.counts, (count) => count / kernel.ms * 1000),
    sockets: view?.sockets ? connected(view.sockets.states) : null,
    waiting: view?.sample?.queue?.waiting ?? null,
    active: view?.sample?.queue?.active ?? null,
    maxActive: view?.sample?.queue?.maxActive ?? null,
    eventsPerWait: ratio(calls?.counts.events, calls?.counts.waits),
    callsPerMessage: ratio(calls?.counts.calls, served?.counts.served),
    userCpu: cpu && cores(cpu.counts.userUs, cpu.ms),
    systemCpu: cpu && cores(cpu.counts.systemUs, cpu.ms),
    loadCpu: loadCpu && cores(sumOf(loadCpu.counts), loadCpu.ms),
    cpuUsPerMessage: cpu && served && cpuPerMessage(cpu, served),
    rssBytes: view?.process?.rssBytes ?? null,
    sampleCpu: cost && cores(cost.counts.us, cost.ms),
  };
}

/** A server in a frame. */
export function viewOf(frame: Frame, server: string): ServerView | null {
  return frame.servers.find(({ id }) => id === server) ?? null;
}

function sampled(view: ServerView | null, counts: Record<string, number>): Reading | null {
  return view?.sample ? { atMs: view.sample.atMs, counts } : null;
}

/** System calls of all threads that count them; null where none does. */
function callGrowth(views: readonly (ServerView | null)[]) {
  const grown = growth(views.map((view) => {
    const threads = view?.sample?.threads.filter(({ calls }) => calls !== undefined) ?? [];
    if (threads.length === 0) return null;
    // A thread that ends takes its counts with it: each is a counter of its own.
    return sampled(
      view,
      Object.fromEntries(
        threads.flatMap(({ name, calls }) =>
          CALLS.map((kind) => [`${kind} ${name}`, calls![kind]])
        ),
      ),
    );
  }));
  if (grown === null) return null;
  const counts: CallCounts = { waits: 0, events: 0, calls: 0 };
  for (const [name, count] of Object.entries(grown.counts)) {
    counts[name.slice(0, name.indexOf(" ")) as keyof CallCounts] += count;
  }
  return { ms: grown.ms, counts };
}

const CALLS = ["waits", "events", "calls"] as const;

function cpuReading({ atMs }: Frame, process: ProcessView | null): Reading | null {
  return process && { atMs, counts: { userUs: process.userUs, systemUs: process.systemUs } };
}

/** Loads come and go: each is a counter of its own. */
function loadCpuReading(frame: Frame, server: string): Reading | null {
  const counts: Record<string, number> = {};
  for (const { id, process } of loadsOf(frame, server)) {
    if (process !== null) counts[id] = process.userUs + process.systemUs;
  }
  return Object.keys(counts).length === 0 ? null : { atMs: frame.atMs, counts };
}

function kernelReading({ atMs, kernel }: Frame): Reading | null {
  return kernel && { atMs, counts: { ...kernel } };
}

function connected(states: Readonly<Record<string, number>>): Record<string, number> {
  const { listening: _, ...rest } = states;
  return rest;
}

/** A quotient; null if it is not defined. */
function ratio(of: number | undefined, by: number | undefined): number | null {
  return of === undefined || by === undefined || by === 0 ? null : of / by;
}

function cpuPerMessage(
  cpu: { ms: number; counts: Record<string, number> },
  served: { ms: number; counts: Record<string, number> },
): number | null {
  const usPerMs = (cpu.counts.userUs + cpu.counts.systemUs) / cpu.ms;
  return ratio(usPerMs, served.counts.served / served.ms);
}

function mapRecord<K extends string>(
  record: Record<string, number>,
  change: (value: number) => number,
): Record<K, number> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, change(value)]),
  ) as Record<K, number>;
}
