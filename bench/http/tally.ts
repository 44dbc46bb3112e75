/** What one thread of an HTTP load counts, and the sum over threads. */
import type { HttpErrors } from "../result.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { addRecords } from "../stats/timeline.ts";

/** The kinds in which a request fails without a whole response. */
export type ErrorKind = keyof HttpErrors;

/** The latencies of a load. */
export interface HttpHistograms {
  connect: LatencyHistogram;
  ttfb: LatencyHistogram;
  latency: LatencyHistogram;
}

/** What a thread hands over at its end: counts, and histograms as they are encoded. */
export interface TallyReport {
  errors: HttpErrors;
  bytesIn: number;
  bytesOut: number;
  /** Whole responses by status. */
  statuses: Record<string, number>;
  /** Of these, responses with unexpected content, by status. */
  mismatched: Record<string, number>;
  connect: Uint8Array<ArrayBuffer>;
  ttfb: Uint8Array<ArrayBuffer>;
  latency: Uint8Array<ArrayBuffer>;
  /** Begin and end of the measured time, in milliseconds since the epoch. */
  beginMs: number;
  endMs: number;
  /** The first failure to connect that is not a plain refusal, as text. */
  firstProblem?: string;
}

/** Counts of one thread. Recording allocates nothing. */
export class Tally {
  errors!: HttpErrors;
  bytesIn!: number;
  bytesOut!: number;
  /** Requests that came to an end, good or bad. */
  completed!: number;
  /** Responses with unexpected content, by status. */
  mismatched!: Record<string, number>;
  firstProblem: string | undefined;
  #connect!: LatencyHistogram;
  // Most responses come with one read. One histogram for those halves the cost of recording.
  #both!: LatencyHistogram;
  #ttfbOnly!: LatencyHistogram;
  #latencyOnly!: LatencyHistogram;
  /** What was handed over as intervals so far. */
  #before: HttpHistograms | undefined;

  constructor() {
    this.reset();
  }

  /** Starts over. */
  reset(): void {
    this.errors = { refused: 0, reset: 0, timeout: 0, truncated: 0, garbage: 0, closed: 0 };
    this.bytesIn = this.bytesOut = this.completed = 0;
    this.mismatched = {};
    this.#both?.destroy();
    this.#ttfbOnly?.destroy();
    this.#latencyOnly?.destroy();
    this.#connect?.destroy();
    this.#connect = new LatencyHistogram();
    this.#both = new LatencyHistogram();
    this.#ttfbOnly = new LatencyHistogram();
    this.#latencyOnly = new LatencyHistogram();
    this.#before = undefined;
  }

  /** Counts `count` requests that failed. */
  fail(kind: ErrorKind, count: number): void {
    this.errors[kind] += count;
    this.completed += count;
  }

  /** Notes that the content of a response with `status` is not the expected one. */
  unexpected(status: number): void {
    this.mismatched[status] = (this.mismatched[status] ?? 0) + 1;
  }

  /** Files how long a connection attempt took. */
  recordConnect(connectUs: number): void {
    this.#connect.record(connectUs);
  }

  /** Files a response that came with one read: its first byte and its last at once. */
  recordWhole(latencyUs: number): void {
    this.#both.record(latencyUs);
  }

  /** Files a response that came in pieces. */
  recordParts(ttfbUs: number, latencyUs: number): void {
    this.#ttfbOnly.record(ttfbUs);
    this.#latencyOnly.record(latencyUs);
  }

  /** Hands over the latencies since it did so last, as they are encoded. */
  takeInterval(): Record<keyof HttpHistograms, Uint8Array<ArrayBuffer>> {
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

  /** How many errors there were, of all kinds. */
  get failed(): number {
    return sumOf(this.errors);
  }

  /** Hands everything over. */
  report(statuses: Record<string, number>, beginMs: number, endMs: number): TallyReport {
    this.#ttfbOnly.merge(this.#both);
    this.#latencyOnly.merge(this.#both);
    const taken = { connect: this.#connect, ttfb: this.#ttfbOnly, latency: this.#latencyOnly };
    if (this.#before) {
      for (const name of ["connect", "ttfb", "latency"] as const) {
        taken[name].merge(this.#before[name]);
      }
    }
    const { errors, bytesIn, bytesOut, mismatched, firstProblem } = this;
    return {
      errors,
      bytesIn,
      bytesOut,
      statuses,
      mismatched,
      ...encodedAll(taken),
      beginMs,
      endMs,
      firstProblem,
    };
  }
}

/** The sum of several threads' reports. */
export interface TallySum extends
  Pick<
    TallyReport,
    "errors" | "bytesIn" | "bytesOut" | "statuses" | "mismatched" | "firstProblem"
  > {
  histograms: HttpHistograms;
  /** When the first thread began, in milliseconds since the epoch. */
  startedMs: number;
  /** From the first thread's begin to the last one's end. */
  seconds: number;
}

/** Adds up what the threads of a load counted; there is at least one. */
export function sumReports(reports: readonly TallyReport[]): TallySum {
  const merged = (name: keyof HttpHistograms) => {
    const histogram = new LatencyHistogram();
    for (const report of reports) {
      const part = new LatencyHistogram(report[name]);
      histogram.merge(part);
      part.destroy();
    }
    return histogram;
  };
  const total = (name: "bytesIn" | "bytesOut") =>
    reports.reduce((sum, report) => sum + report[name], 0);
  const endMs = Math.max(...reports.map((report) => report.endMs));
  const beginMs = Math.min(...reports.map((report) => report.beginMs));
  return {
    errors: addRecords(reports.map((report) => report.errors)) as unknown as HttpErrors,
    statuses: addRecords(reports.map((report) => report.statuses)),
    bytesIn: total("bytesIn"),
    bytesOut: total("bytesOut"),
    mismatched: addRecords(reports.map((report) => report.mismatched)),
    firstProblem: reports.find((report) => report.firstProblem)?.firstProblem,
    histograms: {
      connect: merged("connect"),
      ttfb: merged("ttfb"),
      latency: merged("latency"),
    },
    startedMs: beginMs,
    seconds: (endMs - beginMs) / 1000,
  };
}

function encodedAll({ connect, ttfb, latency }: HttpHistograms) {
  return { connect: connect.encode(), ttfb: ttfb.encode(), latency: latency.encode() };
}

function sumOf(errors: HttpErrors): number {
  return errors.refused + errors.reset + errors.timeout + errors.truncated + errors.garbage +
    errors.closed;
}
