/**
 * The result records of `bench` and `htstress`: what `--json` prints and `--compare` reads again.
 *
 * The loads only count; the functions here derive totals and rates from the counts, so that they
 * always agree.
 */
import type { ClientEngine } from "./load/engine.ts";
import type { Check } from "./load/limits.ts";
import { compressed } from "./stats/hdr_text.ts";
import type { LatencyHistogram } from "./stats/histogram.ts";
import { FIGURES, type LatencySummary } from "./stats/summary.ts";
import { formatInstant } from "../system/instant.ts";

/** The measured time of a run, as RFC 3339 text in UTC; null if it never began. */
export interface Window {
  startedAt: string | null;
  endedAt: string | null;
}

/** All samples of each latency object, by its name, encoded by `LatencyHistogram.compressed`. */
export type Histograms = Record<string, string>;

/** How echoes failed, by kind. */
export interface EchoFailures {
  /** The connection was refused. */
  refused: number;
  /** The peer reset the connection. */
  reset: number;
  /** No connection, or no complete echo, in time. */
  timeout: number;
  /** Different bytes came back than were sent. */
  mismatch: number;
  /** The peer closed within the echo. */
  short: number;
  /** The peer closed before the first byte of the echo. */
  closed: number;
}

/** The results of one logical client of `bench`. */
export interface ClientRecord {
  /** From 0. */
  index: number;
  /** Mean echo latency over its rounds and messages in microseconds; null when none succeeded. */
  meanUs: number | null;
  /** How many of its echoes failed. */
  failed: number;
}

/** What an echo run counted. */
export interface BenchRun {
  /** `127.0.0.1:12345`, `[::1]:12345` or `unix:/path`. */
  target: string;
  /** Whether ktcp started the server itself. */
  selfStarted: boolean;
  /** Who drove the clients' sockets. */
  engine: ClientEngine;
  /** Logical clients. */
  threads: number;
  rounds: number;
  /** Messages per connection. */
  messages: number;
  messageBytes: number;
  /** Messages started per second over all clients; null in a closed loop. */
  ratePerSecond: number | null;
  /** Correct echoes. */
  ok: number;
  failures: EchoFailures;
  /** When the measured rounds began, in ms since the epoch; null if they never did. */
  startedMs: number | null;
  /** Wall time of the measured rounds. */
  seconds: number;
  connectUs: LatencySummary;
  echoUs: LatencySummary;
  /** Growth of the kernel's counters during the run; null if they are not available. */
  kernel: { synRetransmits: number | null; listenOverflows: number | null };
  clients: ClientRecord[];
  limits: Check[];
  hdr: Histograms;
}

/** The JSON document of `bench`. */
export interface BenchResult extends Omit<BenchRun, "startedMs">, Window {
  command: "bench";
  /** Version of ktcp. */
  version: string;
  /** `ok` + `failed`. */
  attempted: number;
  /** Sum of `failures`. */
  failed: number;
  /** The file of `--hdr-log`, if there is one. */
  hdrLog?: string;
  /** Good echoes per second. */
  messagesPerSecond: number;
  /** Payload of good echoes per second, counted once. */
  bytesPerSecond: number;
}

/** How requests failed, by kind: `truncated` and `garbage` are bad responses, the others are not. */
export interface HttpErrors {
  /** Nobody listens, or the connection was not accepted. */
  refused: number;
  /** The peer reset the connection. */
  reset: number;
  /** No connection, or no complete response, in time. */
  timeout: number;
  /** The response ended earlier than its framing says. */
  truncated: number;
  /** The answer is not an HTTP response. */
  garbage: number;
  /** The peer closed before the first byte of the response. */
  closed: number;
  /** The TLS handshake failed, or the certificate was not accepted. */
  tls: number;
  /** The peer speaks another protocol: TLS where HTTP was sent, or only HTTP/2. */
  protocol: number;
}

/** Why requests failed. The counts of a kind add up to that of {@linkcode HttpErrors}. */
export interface HttpFault {
  kind: keyof HttpErrors;
  /** The reason as the parser or the system states it. */
  reason: string;
  count: number;
  /** Where it occurred first: the start of the bad response, or the address of the server. */
  example: string;
}

/** What an HTTP run was asked to do; null for what was not requested. */
export interface AskedLoad {
  requests: number | null;
  seconds: number | null;
  ratePerSecond: number | null;
  rampSeconds: number | null;
  warmupSeconds: number | null;
}

/**
 * The measured time. It ends after the requested duration, with Ctrl-C, or else when the last
 * request has ended.
 */
export interface MeasuredWindow {
  /** Responses that were completed within it. */
  answered: number;
  /** Bytes that were received within it. */
  bytesIn: number;
  /** Requests that were in flight at its end. */
  inFlight: number;
  /** Of these, requests that were given up; no other figure counts them. */
  abandoned: number;
  /** Seconds from its end until no request was in flight any more. */
  drainSeconds: number;
}

/** How many starts of an open loop were due within the measured time, and how many were sent. */
export interface OpenLoopSchedule {
  /** Null if the times of a log were replayed. */
  ratePerSecond: number | null;
  /** Requests whose intended start lay within the measured time. */
  due: number;
  /** Requests that were started. */
  sent: number;
  /** `due` - `sent`: requests for which no connection was free. */
  unsent: number;
  /** How late the sent requests started. */
  lateUs: LatencySummary;
}

/** What an HTTP run counted. */
export interface HtstressRun {
  urls: string[];
  /** Who drove the sockets. */
  engine: ClientEngine;
  mode: "close" | "keep-alive";
  /** Connections per thread. */
  concurrency: number;
  threads: number;
  /** Requests sent at once on a connection. */
  pipeline: number;
  asked: AskedLoad;
  good: number;
  /** Complete responses that are bad because of their status or an unmet expectation. */
  unwanted: number;
  /** When the measured time began, in ms since the epoch. */
  startedMs: number | null;
  /** Length of the measured time. */
  seconds: number;
  window: MeasuredWindow;
  /** Null in a closed loop. */
  schedule: OpenLoopSchedule | null;
  bytesIn: number;
  bytesOut: number;
  /** Status code → responses. */
  statuses: Record<string, number>;
  errors: HttpErrors;
  /** The most frequent one first. */
  faults: HttpFault[];
  latencyUs: LatencySummary;
  ttfbUs: LatencySummary;
  connectUs: LatencySummary;
  hdr: Histograms;
}

/** The JSON document of `htstress`. */
export interface HtstressResult extends Omit<HtstressRun, "unwanted" | "startedMs">, Window {
  command: "htstress";
  /** Version of ktcp. */
  version: string;
  /** `good` + `bad` + `socketErrors`. */
  requests: number;
  /** Unwanted, truncated and garbage responses. */
  bad: number;
  /** All other errors. */
  socketErrors: number;
  /** The file of `--hdr-log`, if there is one. */
  hdrLog?: string;
  /** Complete responses per second of the measured time. */
  requestsPerSecond: number;
}

/** One echo. Latencies are in microseconds, null if that phase did not complete. */
export interface EchoSample {
  client: number;
  round: number;
  /** Number of the message on its connection, from 0. */
  seq: number;
  /** Only for the first message of a connection. */
  connectUs: number | null;
  echoUs: number | null;
  /** `ok` or the kind of failure. */
  result: string;
}

/** One request. Times are in microseconds, null when that phase did not complete. */
export interface RequestSample {
  thread: number;
  seq: number;
  /** Intended start, since the beginning of the run. */
  startUs: number;
  /** Only for the first request of a connection. */
  connectUs: number | null;
  ttfbUs: number | null;
  latencyUs: number | null;
  status: number | null;
  /** `good`, `bad` or the kind of error. */
  result: string;
}

/** Either document. */
export type Result = BenchResult | HtstressResult;

/** Makes the document from the counts of an echo run. */
export function benchResult(version: string, run: BenchRun): BenchResult {
  const failed = sum(Object.values(run.failures));
  return {
    command: "bench",
    version,
    target: run.target,
    selfStarted: run.selfStarted,
    engine: run.engine,
    threads: run.threads,
    rounds: run.rounds,
    messages: run.messages,
    messageBytes: run.messageBytes,
    ratePerSecond: run.ratePerSecond,
    attempted: run.ok + failed,
    ok: run.ok,
    failed,
    failures: run.failures,
    ...windowOf(run),
    seconds: run.seconds,
    messagesPerSecond: perSecond(run.ok, run.seconds),
    bytesPerSecond: perSecond(run.ok * run.messageBytes, run.seconds),
    connectUs: run.connectUs,
    echoUs: run.echoUs,
    kernel: run.kernel,
    clients: run.clients,
    limits: run.limits,
    hdr: run.hdr,
  };
}

/** Makes the document from the counts of an HTTP run. */
export function htstressResult(version: string, run: HtstressRun): HtstressResult {
  const { truncated, garbage } = run.errors;
  const bad = run.unwanted + truncated + garbage;
  const socketErrors = sum(Object.values(run.errors)) - truncated - garbage;
  const requests = run.good + bad + socketErrors;
  return {
    command: "htstress",
    version,
    urls: run.urls,
    engine: run.engine,
    mode: run.mode,
    concurrency: run.concurrency,
    threads: run.threads,
    pipeline: run.pipeline,
    asked: run.asked,
    requests,
    good: run.good,
    bad,
    socketErrors,
    ...windowOf(run),
    seconds: run.seconds,
    requestsPerSecond: perSecond(run.window.answered, run.seconds),
    window: run.window,
    schedule: run.schedule,
    bytesIn: run.bytesIn,
    bytesOut: run.bytesOut,
    statuses: run.statuses,
    errors: run.errors,
    faults: run.faults,
    latencyUs: run.latencyUs,
    ttfbUs: run.ttfbUs,
    connectUs: run.connectUs,
    hdr: run.hdr,
  };
}

/** The `hdr` of a document, from the histograms behind its latency objects. */
export function compressAll(histograms: Record<string, LatencyHistogram>): Histograms {
  return Object.fromEntries(
    Object.entries(histograms).map(([name, histogram]) => [name, compressed(histogram)]),
  );
}

/** Whether requests were sent but none got a good response. */
export function isAllBad({ requests, good }: HtstressResult): boolean {
  return requests > 0 && good === 0;
}

/** The latency distributions of `result`, with the names under which they are shown. */
export function latenciesOf(result: Result): { name: string; latency: LatencySummary }[] {
  return result.command === "bench"
    ? [{ name: "connect", latency: result.connectUs }, { name: "echo", latency: result.echoUs }]
    : [
      { name: "connect", latency: result.connectUs },
      { name: "ttfb", latency: result.ttfbUs },
      { name: "latency", latency: result.latencyUs },
    ];
}

/**
 * Reads a saved document.
 *
 * @param name the file's name, for messages
 * @throws {SyntaxError} when `text` is not a document of `bench` or `htstress`
 */
export function parseResult(text: string, name: string): Result {
  const wrong = (what: string) =>
    new SyntaxError(
      `Cannot read ${name}: ${what}; save a run with 'ktcp bench --json' or 'ktcp htstress --json'`,
    );
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw wrong("not a JSON document");
  }
  const { command } = (document ?? {}) as { command?: unknown };
  if (command !== "bench" && command !== "htstress") {
    throw wrong(`its command is ${JSON.stringify(command) ?? "missing"}`);
  }
  const result = document as Result;
  const rates = result.command === "bench"
    ? [result.messagesPerSecond, result.failed]
    : [result.requestsPerSecond, result.bad, result.socketErrors];
  if (![result.seconds, ...rates].every(Number.isFinite)) throw wrong("a count is missing");
  for (const { name, latency } of latenciesOf(result)) {
    const isFigure = (value: unknown) => value === null || Number.isFinite(value);
    // Documents that were saved before p95 was a figure lack it.
    if (latency && latency.p95 === undefined) latency.p95 = null;
    if (!latency || !FIGURES.every((figure) => isFigure(latency[figure]))) {
      throw wrong(`its ${name} latency is incomplete`);
    }
  }
  return result;
}

function windowOf({ startedMs, seconds }: { startedMs: number | null; seconds: number }): Window {
  if (startedMs === null) return { startedAt: null, endedAt: null };
  return {
    startedAt: formatInstant(startedMs),
    endedAt: formatInstant(startedMs + seconds * 1000),
  };
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A rate with two decimals; 0 if no time has passed. */
function perSecond(count: number, seconds: number): number {
  return seconds > 0 ? Number((count / seconds).toFixed(2)) : 0;
}
