/**
 * The HTTP load: spreads it over Web Workers and adds up what they counted.
 *
 * The main thread resolves names, lays out the requests, starts the Workers, releases them
 * together when all are warm, ends the run, and merges counts and histograms. It touches no
 * request while the load runs.
 */
import { NobodyListens } from "./first_connects.ts";
import { isGoodStatus, type ThreadPlan } from "./plan.ts";
import { WorkerThread } from "./worker_thread.ts";
import { type Header, layOutRequests, type RequestForm } from "./request.ts";
import { type DnsMode, findOrigins, type Origins } from "./origins.ts";
import { type HttpUrl, parseHttpUrl } from "./target.ts";
import { type HttpHistograms, sumReports, type TallyReport, type TallySum } from "./tally.ts";
import type { ClientEngine } from "../load/engine.ts";
import { Budget, Halt } from "../load/schedule.ts";
import { untilEpoch } from "../load/start_at.ts";
import type { RequestSample } from "../result.ts";
import { compressAll, type HtstressRun, type OpenLoopSchedule } from "../result.ts";
import { summarize } from "../stats/summary.ts";
import { type Interval, type IntervalPart, Timeline } from "../stats/timeline.ts";

/** A request of a load, with its URL. */
export interface LoadRequest extends RequestForm {
  url: HttpUrl;
}

/** An HTTP load. */
export interface HtstressOptions {
  urls: string[];
  /** Requests to send in turn; default: `method` with `headers` and `body` to each of `urls`. */
  sent?: readonly LoadRequest[];
  /**
   * When each of `sent` is due, in microseconds after the start, in ascending order. Each is then
   * sent once, regardless of the outcome of earlier ones, and the run ends with the last.
   */
  startsUs?: Float64Array;
  /** The servers of the URLs, if known; default: looked up at the start. */
  origins?: Origins;
  /** How the addresses of a name are used; default: in turn. */
  dns?: DnsMode;
  /** Connect to this Unix domain socket, whatever the URLs' hosts. */
  unixPath?: string;
  /** Host field, in place of the URLs' hosts. */
  host?: string;
  /** Only addresses of this family. */
  family?: 4 | 6;
  /** Requests over all threads; 0 for no such limit. */
  requests: number;
  /**
   * Length of the measured time; 0 for no such limit. No request starts after it. Requests in
   * flight are waited for and counted, but not in the rates.
   */
  durationMs: number;
  /** Which engine drives the sockets; only `deno` supports TLS. */
  engine: ClientEngine;
  threads: number;
  /** Connections per thread. */
  concurrency: number;
  /** HTTP/1.1 on persistent connections; else HTTP/1.0 with one connection per request. */
  isKeepAlive: boolean;
  /** Requests sent at once on a connection. */
  pipeline: number;
  /** Starts per second over all threads, regardless of outcome; 0 for a closed loop. */
  ratePerSecond: number;
  /** The rate (or in a closed loop, the number of connections) grows from 0 during this time. */
  rampMs: number;
  /** Length of the load before the measured time. */
  warmupMs: number;
  /** When the measured time begins, in ms since the epoch; default: as soon as all is ready. */
  startAtMs?: number;
  /** The longest time for a connection attempt or an exchange; 0 for no limit. */
  timeoutMs: number;
  method: string;
  headers: Header[];
  body?: Uint8Array;
  /** Whether to skip the check of certificates. */
  isInsecure: boolean;
  /** Statuses that are good; default: all below 400. */
  expectStatus?: number[];
  /** SHA-256 of the expected content in hexadecimal. */
  expectBodySha256?: string;
}

/** Callbacks for events of the run, and the signal that ends it early. */
export interface HtstressHooks {
  /** Called with what happened during each interval of the run, except for the warm-up. */
  onInterval?: (interval: Interval) => void;
  /** Length of an interval; default: see `timeline.ts`. */
  intervalMs?: number;
  /** Called with raw samples; reading responses one by one costs speed. */
  onSamples?: (samples: RequestSample[]) => void;
  /** Called with what is sent and received. */
  onDebug?: (bytes: Uint8Array) => void;
  /** Ends the run; requests in flight get {@linkcode GRACE_MS} to complete. */
  signal?: AbortSignal;
}

/** The results of a load. */
export interface HtstressOutcome {
  run: HtstressRun;
  histograms: HttpHistograms;
}

/** How long requests in flight may take after the run was ended by a signal, in ms. */
const GRACE_MS = 500;

/**
 * Runs the load.
 *
 * @throws {SyntaxError} for an invalid URL
 * @throws {NobodyListens} when none of the first connects of any thread succeeded
 * @throws {Error} when a name has no address, or there is no memory for all connections
 */
export async function runHtstress(
  options: HtstressOptions,
  hooks: HtstressHooks = {},
): Promise<HtstressOutcome> {
  const budget = Budget.create(options.requests);
  const timeline = hooks.onInterval && new Timeline(hooks.onInterval, hooks.intervalMs);
  const plan = await planLoad(options, hooks, timeline?.intervalMs ?? null);
  const listeners = { ...hooks, onPart: (part: IntervalPart) => timeline?.add(part) };
  const threads = Array.from({ length: options.threads }, (_, index) => {
    const own = { ...plan(index), index, budget: budget.shared };
    return new WorkerThread(own, listeners);
  });
  const end = endOn(budget, hooks.signal);
  const nobody = Promise.all(threads.map((thread) => thread.nobody)).then(([message]) => {
    throw new NobodyListens(message);
  });
  try {
    await Promise.race([Promise.all(threads.map((thread) => thread.ready)), nobody]);
    if (options.startAtMs !== undefined) {
      await untilEpoch(options.startAtMs, () => hooks.signal?.aborted === true);
    }
    using _settling = timeline?.start();
    const running = Promise.all(threads.map((thread) => thread.run()));
    const reports = await Promise.race([running, nobody]);
    const isVain = threads.every(({ nobodyMessage }, i) => nobodyMessage || isIdle(reports[i]));
    const message = threads.find(({ nobodyMessage }) => nobodyMessage)?.nobodyMessage;
    if (isVain && message) throw new NobodyListens(message);
    timeline?.end();
    return outcomeOf(options, sumReports(reports));
  } finally {
    end.cancel();
    // A thread that waits in system calls can only end by itself.
    budget.stop(Halt.Abandon);
    nobody.catch(() => {});
    for (const thread of threads) thread.terminate();
  }
}

/** Whether the thread of `report` had no request to send. */
function isIdle({ statuses, errors, after }: TallyReport): boolean {
  return Object.keys(statuses).length === 0 && after.abandoned === 0 &&
    Object.values(errors).every((count) => count === 0);
}

/** The requests that are sent in turn. */
export function requestsOf(options: HtstressOptions): readonly LoadRequest[] {
  const { sent, urls, method, headers, body } = options;
  return sent ?? urls.map((text) => ({ url: parseHttpUrl(text), method, headers, body }));
}

/** The plans of the threads, by index, without `index` and `budget`. */
async function planLoad(
  options: HtstressOptions,
  hooks: HtstressHooks,
  intervalMs: number | null,
): Promise<(index: number) => ThreadPlan> {
  const { host, threads, isKeepAlive, pipeline, startsUs } = options;
  const all = requestsOf(options);
  const origins = options.origins ?? await findOrigins(all.map(({ url }) => url), options);
  const shared = new SharedArrayBuffer(0);
  /** The part of the plan for the requests with the numbers `own`. */
  const requestPlan = (own: number[]) => {
    const requests = own.map((i) => {
      const { url, method, headers, body } = all[i];
      return { target: url.target, host: host ?? url.authority, method, headers, body };
    });
    const heads = requests.map(({ method }) => method === "HEAD");
    return {
      origins: { servers: origins.servers, serverOf: own.map((i) => origins.serverOf[i]) },
      requests: layOutRequests(requests, isKeepAlive, pipeline),
      isHead: heads.every((isHead) => isHead === heads[0]) ? heads[0] ?? false : heads,
    };
  };
  const numbers = [...all.keys()];
  // If each request is sent once, at its own time, each thread has requests of its own.
  const common = startsUs === undefined ? requestPlan(numbers) : undefined;
  return (index) => ({
    index: 0,
    threads,
    engine: options.engine,
    concurrency: options.concurrency,
    ...(common ?? requestPlan(numbers.filter((i) => i % threads === index))),
    pipeline,
    isKeepAlive,
    budget: shared,
    ratePerSecond: options.ratePerSecond,
    startsUs,
    durationMs: options.durationMs,
    rampMs: options.rampMs,
    warmupMs: options.warmupMs,
    timeoutMs: options.timeoutMs,
    expectStatus: options.expectStatus,
    expectBodySha256: options.expectBodySha256,
    wantsSamples: hooks.onSamples !== undefined,
    wantsDebug: hooks.onDebug !== undefined,
    intervalMs,
  });
}

/** Halts `budget` when `signal` is aborted. */
function endOn(budget: Budget, signal?: AbortSignal) {
  let timer: ReturnType<typeof setTimeout>;
  const onAbort = () => {
    budget.stop(Halt.Drain);
    timer = setTimeout(() => budget.stop(Halt.Abandon), GRACE_MS);
  };
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return {
    cancel() {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    },
  };
}

function outcomeOf(options: HtstressOptions, sum: TallySum): HtstressOutcome {
  const { histograms, statuses, mismatched, after } = sum;
  let answers = 0;
  let good = 0;
  let unwanted = 0;
  for (const [status, count] of Object.entries(statuses)) {
    const isGood = isGoodStatus(Number(status), options.expectStatus);
    const wrong = isGood ? mismatched[status] ?? 0 : count;
    answers += count;
    unwanted += wrong;
    good += count - wrong;
  }
  return {
    histograms,
    run: {
      urls: options.urls,
      engine: options.engine,
      mode: options.isKeepAlive ? "keep-alive" : "close",
      concurrency: options.concurrency,
      threads: options.threads,
      pipeline: options.pipeline,
      asked: {
        requests: options.requests || null,
        seconds: options.durationMs / 1000 || null,
        ratePerSecond: options.ratePerSecond || null,
        rampSeconds: options.rampMs / 1000 || null,
        warmupSeconds: options.warmupMs / 1000 || null,
      },
      good,
      unwanted,
      startedMs: sum.startedMs,
      seconds: sum.seconds,
      window: {
        answered: answers - after.answered,
        bytesIn: sum.bytesIn - after.bytesIn,
        inFlight: after.answered + after.failed + after.abandoned,
        abandoned: after.abandoned,
        drainSeconds: sum.drainSeconds,
      },
      schedule: isOpenLoop(options) ? scheduleOf(options, sum) : null,
      bytesIn: sum.bytesIn,
      bytesOut: sum.bytesOut,
      statuses,
      errors: sum.errors,
      faults: sum.faults,
      latencyUs: summarize(histograms.latency),
      ttfbUs: summarize(histograms.ttfb),
      connectUs: summarize(histograms.connect),
      hdr: compressAll({
        latencyUs: histograms.latency,
        ttfbUs: histograms.ttfb,
        connectUs: histograms.connect,
        ...(isOpenLoop(options) ? { lateUs: histograms.late } : {}),
      }),
    },
  };
}

/** Whether requests have intended starts. */
function isOpenLoop({ ratePerSecond, startsUs }: HtstressOptions): boolean {
  return ratePerSecond > 0 || startsUs !== undefined;
}

/** How many starts of the open loop were due, and how many were sent. */
function scheduleOf(options: HtstressOptions, sum: TallySum): OpenLoopSchedule {
  const { late } = sum.histograms;
  const sent = late.count;
  // At most as many are due as were asked for, and each one sent was due.
  const due = Math.max(sent, Math.min(sum.due, options.requests || Infinity));
  return {
    ratePerSecond: options.ratePerSecond || null,
    due,
    sent,
    unsent: due - sent,
    lateUs: summarize(late),
  };
}
