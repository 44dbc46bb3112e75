/** The loads that experiments put on servers, each as one sample. */
import { runEcho } from "../echo/echo.ts";
import { defaultWorkers } from "../echo/plan.ts";
import { NOBODY_LISTENS } from "../http/error_kind.ts";
import { type ClientEngine, DEFAULT_CLIENT_ENGINE } from "../load/engine.ts";
import { type HtstressOptions, runHtstress } from "../http/htstress.ts";
import type { LatencyHistogram } from "../stats/histogram.ts";
import { cpuDuring, type CpuUse } from "../../system/linux/process_clock.ts";
import type { HttpErrors } from "../result.ts";
import type { KernelCounters } from "../../system/netstat.ts";
import type { FigureValues } from "./figures.ts";
import type { ForeignTarget, LabServer, Target } from "./lab.ts";
import type { Sample } from "./measure.ts";
import { formatAddress } from "../../system/address.ts";

/** An HTTP load: the C tool's flags. */
export interface HttpLoad {
  /** Connections of each thread. */
  concurrency: number;
  /** Default 1. */
  threads?: number;
  /** Whether connections are persistent. */
  isKeepAlive: boolean;
  /** Default 1. */
  pipeline?: number;
  /** Ends by time, or by the number of requests. */
  durationMs?: number;
  /** Number of requests; default: as many as the time allows. */
  requests?: number;
  /** Length of the warm-up, which is not measured. */
  warmupMs?: number;
  /** Ends the load early. */
  signal?: AbortSignal;
}

/** Timeout of each step of a load, in ms: far more than a loaded machine needs. */
const TIMEOUT_MS = 30_000;

/** What an HTTP load measured. */
export interface HttpSample extends Sample {
  /** Requests with a successful response. */
  good: number;
  /** Failed ones by kind. */
  errors: HttpErrors;
}

/** Puts `load` on `target`, whose CPU time is a figure when its process is known. */
export async function httpSample(target: Target, load: HttpLoad): Promise<HttpSample> {
  const options: HtstressOptions = {
    urls: [`http://${formatAddress(target)}/`],
    requests: load.requests ?? 0,
    durationMs: load.durationMs ?? 0,
    threads: load.threads ?? 1,
    engine: DEFAULT_CLIENT_ENGINE,
    concurrency: load.concurrency,
    isKeepAlive: load.isKeepAlive,
    pipeline: load.pipeline ?? 1,
    ratePerSecond: 0,
    rampMs: 0,
    warmupMs: load.warmupMs ?? 0,
    timeoutMs: TIMEOUT_MS,
    method: "GET",
    headers: [],
    isInsecure: false,
  };
  const { value: outcome, cpu } = await cpuDuring(
    load.warmupMs ? [] : target.pids ?? [],
    () => runHtstress(options, { signal: load.signal }),
  );
  const { run, histograms } = outcome;
  const own = run.faults.find(({ kind, reason }) =>
    kind === "refused" && reason !== NOBODY_LISTENS
  );
  if (own) throw new Error(`Cannot connect to ${own.example}: ${own.reason}`);
  const errors = Object.values(run.errors).reduce((sum, count) => sum + count, 0);
  const { latency } = histograms;
  const sample: HttpSample = {
    good: run.good,
    errors: run.errors,
    failed: errors + run.unwanted,
    figures: {
      requestsPerSecond: run.seconds > 0 ? run.window.answered / run.seconds : 0,
      ...percentiles(latency),
      ...cpuFigures(cpu, run.good),
    },
    latencies: { latency },
  };
  return sample;
}

/** CPU time per request; no figures if it is unknown. */
function cpuFigures(cpu: CpuUse | null, requests: number): FigureValues {
  if (cpu === null || requests === 0) return {};
  const { totalUs, split } = cpu;
  return {
    cpuUsPerRequest: totalUs / requests,
    ...(split && {
      userUsPerRequest: split.userUs / requests,
      systemUsPerRequest: split.systemUs / requests,
    }),
  };
}

/** `1 connection`, `8 connections`. */
export function connections(count: number): string {
  return `${count} connection${count === 1 ? "" : "s"}`;
}

/** An echo load. */
export interface EchoLoad {
  /** Connections at once. */
  clients: number;
  /** Messages of each client. */
  messages: number;
  /** Bytes of a message. */
  sizeBytes: number;
  /** How long one message may take; default 30 s, far beyond what a loaded machine needs. */
  timeoutMs?: number;
  /** Who drives the clients' sockets; default: the runtime. */
  engine?: ClientEngine;
  /** Ends the load early. */
  signal?: AbortSignal;
}

/** What an echo load measured. */
export interface EchoSample extends Sample {
  /** Correct echoes. */
  ok: number;
  /** Growth of the kernel's counters during the load; null if they are not available. */
  kernel: KernelCounters | null;
}

/** Puts `load` on `target`: all clients connect together, each sends its messages, and closes. */
export async function echoSample(target: Target, load: EchoLoad): Promise<EchoSample> {
  const { clients, messages, sizeBytes, signal } = load;
  const { value: outcome, cpu } = await cpuDuring(target.pids ?? [], () =>
    runEcho({
      target: { hostname: target.hostname, port: target.port },
      threads: clients,
      rounds: 1,
      warmupRounds: 0,
      messages,
      sizeBytes,
      thinkMs: 0,
      ratePerSecond: null,
      timeoutMs: load.timeoutMs ?? TIMEOUT_MS,
      engine: load.engine ?? DEFAULT_CLIENT_ENGINE,
      workers: defaultWorkers(clients, navigator.hardwareConcurrency),
    }, { signal }));
  if (outcome.aborted) throw new Error(outcome.aborted);
  const { tallies, seconds, echoUs, connectUs, kernel } = outcome;
  const sample: EchoSample = {
    ok: tallies.ok,
    kernel,
    failed: Object.values(tallies.failures).reduce((sum, count) => sum + count, 0),
    figures: {
      messagesPerSecond: seconds > 0 ? tallies.ok / seconds : 0,
      ...percentiles(echoUs),
      ...(cpu && tallies.ok > 0 ? { cpuUsPerMessage: cpu.totalUs / tallies.ok } : {}),
    },
    latencies: { echo: echoUs, connect: connectUs },
    clientsUs: tallies.clients().map(({ meanUs }) => meanUs),
  };
  return sample;
}

/** Notes about servers of `--target` that pad their echoes. */
export function paddingNotes(targets: readonly ForeignTarget[]): string[] {
  return targets.flatMap(({ name, padsTo }) =>
    padsTo === null ? [] : [
      `${name} pads each echo to ${padsTo} bytes, so it gets messages of ${padsTo} bytes: only ` +
      "these come back as they were.",
    ]
  );
}

function percentiles(histogram: LatencyHistogram): { p50Us?: number; p99Us?: number } {
  if (histogram.count === 0) return {};
  return { p50Us: histogram.percentileUs(50), p99Us: histogram.percentileUs(99) };
}

/** Runs `work` with servers, and stops them whatever its outcome. */
export async function withServers<T>(
  starting: readonly Promise<LabServer>[],
  work: (servers: LabServer[]) => Promise<T>,
): Promise<T> {
  const started = await Promise.allSettled(starting);
  const servers = started.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  try {
    const failed = started.find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
    return await work(servers);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}
