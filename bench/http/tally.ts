/** The counts of one thread of an HTTP load, and the sum over threads. */
import type { HttpErrors, HttpFault } from "../result.ts";
import type { Fault } from "./error_kind.ts";
import { FaultCounts, sumFaults } from "./faults.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { addRecords } from "../stats/timeline.ts";

/** The latencies of requests, by phase. */
interface PhaseHistograms {
  connect: LatencyHistogram;
  ttfb: LatencyHistogram;
  latency: LatencyHistogram;
}

/** The latencies of a load. */
export interface HttpHistograms extends PhaseHistograms {
  /** How late requests of an open loop started. */
  late: LatencyHistogram;
}

/** Requests that ended after the measured time, or never. */
export interface AfterWindow {
  /** Requests that ended with a complete response. */
  answered: number;
  /** Requests that failed. */
  failed: number;
  /** Requests that were given up; they are not counted anywhere else. */
  abandoned: number;
  /** The part of `bytesIn` that arrived after the measured time. */
  bytesIn: number;
}

/** When a thread ran, in milliseconds since the epoch. */
export interface ThreadTimes {
  /** Begin and end of the measured time. */
  beginMs: number;
  endMs: number;
  /** When the last of its requests ended. */
  drainedMs: number;
}

/** What a thread reports at its end: counts, and encoded histograms. */
export interface TallyReport extends ThreadTimes {
  errors: HttpErrors;
  /** The reasons of the errors. */
  faults: HttpFault[];
  after: AfterWindow;
  /** Starts of an open loop that were due in the measured time. */
  due: number;
  bytesIn: number;
  bytesOut: number;
  /** Complete responses by status. */
  statuses: Record<string, number>;
  /** Of these, responses with unexpected content, by status. */
  mismatched: Record<string, number>;
  connect: Uint8Array<ArrayBuffer>;
  ttfb: Uint8Array<ArrayBuffer>;
  latency: Uint8Array<ArrayBuffer>;
  late: Uint8Array<ArrayBuffer>;
}

/** Counts of one thread. Recording allocates nothing. */
export class Tally {
  errors!: HttpErrors;
  bytesIn!: number;
  bytesOut!: number;
  /** Requests that ended, successfully or not. */
  completed!: number;
  /** Responses with unexpected content, by status. */
  mismatched!: Record<string, number>;
  after!: AfterWindow;
  #faults!: FaultCounts;
  #late!: LatencyHistogram;
  #connect!: LatencyHistogram;
  // Most responses arrive with one read, so that both latencies are equal. One histogram for those
  // halves the cost of recording.
  #both!: LatencyHistogram;
  #ttfbOnly!: LatencyHistogram;
  #latencyOnly!: LatencyHistogram;
  /** Latencies handed over in intervals so far. */
  #before: PhaseHistograms | undefined;

  constructor() {
    this.reset();
  }

  /** Starts over. */
  reset(): void {
    this.errors = noErrors();
    this.bytesIn = this.bytesOut = this.completed = 0;
    this.mismatched = {};
    this.after = { answered: 0, failed: 0, abandoned: 0, bytesIn: 0 };
    this.#faults = new FaultCounts();
    this.#late = new LatencyHistogram();
    this.#connect = new LatencyHistogram();
    this.#both = new LatencyHistogram();
    this.#ttfbOnly = new LatencyHistogram();
    this.#latencyOnly = new LatencyHistogram();
    this.#before = undefined;
  }

  /** Counts `count` failed requests; `example` tells where, see {@linkcode FaultCounts}. */
  fail(fault: Fault, count: number, example: () => string): void {
    this.errors[fault.kind] += count;
    this.completed += count;
    this.#faults.add(fault, count, example);
  }

  /** Records how late a request of an open loop starts. */
  recordStart(lateUs: number): void {
    this.#late.record(lateUs);
  }

  /** Notes that the content of a response with `status` is not the expected one. */
  unexpected(status: number): void {
    this.mismatched[status] = (this.mismatched[status] ?? 0) + 1;
  }

  /** Records how long a connection attempt took. */
  recordConnect(connectUs: number): void {
    this.#connect.record(connectUs);
  }

  /** Records a response whose first and last byte arrived with one read. */
  recordWhole(latencyUs: number): void {
    this.#both.record(latencyUs);
  }

  /** Records a response that arrived in pieces. */
  recordParts(ttfbUs: number, latencyUs: number): void {
    this.#ttfbOnly.record(ttfbUs);
    this.#latencyOnly.record(latencyUs);
  }

  /** Returns the latencies since the last call, encoded, and resets them. */
  takeInterval(): Record<keyof PhaseHistograms, Uint8Array<ArrayBuffer>> {
    this.#ttfbOnly.merge(this.#both);
    this.#latencyOnly.merge(this.#both);
    const taken = { connect: this.#connect, ttfb: this.#ttfbOnly, latency: this.#latencyOnly };
    const encoded = encodedAll(taken);
    this.#before ??= {
      connect: new LatencyHistogram(),
      ttfb: new LatencyHistogram(),
      latency: new LatencyHistogram(),
    };
    for (const name of ["connect", "ttfb", "latency"] as const) {
      this.#before[name].merge(taken[name]);
      taken[name].reset();
    }
    this.#both.reset();
    return encoded;
  }

  /** How many requests of an open loop were started. */
  get started(): number {
    return this.#late.count;
  }

  /** How many errors there were, of all kinds. */
  get failed(): number {
    return sumOf(this.errors);
  }

  /** Returns the final report. */
  report(statuses: Record<string, number>, due: number, times: ThreadTimes): TallyReport {
    this.#ttfbOnly.merge(this.#both);
    this.#latencyOnly.merge(this.#both);
    const taken = { connect: this.#connect, ttfb: this.#ttfbOnly, latency: this.#latencyOnly };
    if (this.#before) {
      for (const name of ["connect", "ttfb", "latency"] as const) {
        taken[name].merge(this.#before[name]);
      }
    }
    const { errors, bytesIn, bytesOut, mismatched, after } = this;
    return {
      ...times,
      errors,
      faults: this.#faults.list(),
      after,
      due,
      bytesIn,
      bytesOut,
      statuses,
      mismatched,
      ...encodedAll(taken),
      late: this.#late.encode(),
    };
  }
}

/** The sum of several threads' reports. */
export interface TallySum extends
  Pick<
    TallyReport,
    "errors" | "faults" | "after" | "due" | "bytesIn" | "bytesOut" | "statuses" | "mismatched"
  > {
  histograms: HttpHistograms;
  /** When the first thread began, in milliseconds since the epoch. */
  startedMs: number;
  /**
   * The measured time: the longest of the threads', which do not start at exactly the same moment.
   */
  seconds: number;
  /** From the end of the measured time until all requests had ended. */
  drainSeconds: number;
}

/** Adds up what the threads of a load counted; there is at least one. */
export function sumReports(reports: readonly TallyReport[]): TallySum {
  const merged = (name: keyof HttpHistograms) => {
    const histogram = new LatencyHistogram();
    for (const report of reports) histogram.merge(new LatencyHistogram(report[name]));
    return histogram;
  };
  const total = (name: "bytesIn" | "bytesOut" | "due") =>
    reports.reduce((sum, report) => sum + report[name], 0);
  const endMs = Math.max(...reports.map((report) => report.endMs));
  const windows = reports.map(({ beginMs, endMs }) => secondsBetween(beginMs, endMs));
  const drainedMs = Math.max(...reports.map((report) => report.drainedMs));
  return {
    errors: addRecords(reports.map((report) => report.errors)) as unknown as HttpErrors,
    faults: sumFaults(reports.map((report) => report.faults)),
    after: addRecords(reports.map((report) => report.after)) as unknown as AfterWindow,
    due: total("due"),
    statuses: addRecords(reports.map((report) => report.statuses)),
    bytesIn: total("bytesIn"),
    bytesOut: total("bytesOut"),
    mismatched: addRecords(reports.map((report) => report.mismatched)),
    histograms: {
      connect: merged("connect"),
      ttfb: merged("ttfb"),
      latency: merged("latency"),
      late: merged("late"),
    },
    startedMs: Math.min(...reports.map((report) => report.beginMs)),
    seconds: Math.max(...windows),
    drainSeconds: secondsBetween(endMs, drainedMs),
  };
}

/**
 * The time between two moments, rounded to microseconds, the most that the epoch clock resolves.
 */
function secondsBetween(fromMs: number, toMs: number): number {
  return Number((Math.max(0, toMs - fromMs) / 1000).toFixed(6));
}

function noErrors(): HttpErrors {
  return {
    refused: 0,
    reset: 0,
    timeout: 0,
    truncated: 0,
    garbage: 0,
    closed: 0,
    tls: 0,
    protocol: 0,
  };
}

function encodedAll({ connect, ttfb, latency }: PhaseHistograms) {
  return { connect: connect.encode(), ttfb: ttfb.encode(), latency: latency.encode() };
}

function sumOf(errors: HttpErrors): number {
  return errors.refused + errors.reset + errors.timeout + errors.truncated + errors.garbage +
    errors.closed + errors.tls + errors.protocol;
}
