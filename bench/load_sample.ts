/** What a load did since the sample before, as it tells whoever watches it: a line of JSON. */

/** An interval of a load, of 100 ms. */
export interface LoadSample {
  /** Beginning and end, in ms since the epoch, with fractions. */
  startMs: number;
  endMs: number;
  /** Since the load began. `errors` by kind. */
  totals: {
    done: number;
    failed: number;
    bytesIn: number;
    statuses: Record<string, number>;
    errors: Record<string, number>;
    /** Open connections now. */
    open: number;
    /** At a rate: what was due and is not sent yet. Null in a closed loop. */
    unsent: number | null;
  };
  /** Whole answers in the interval. */
  answers: number;
  /**
   * Latencies in the interval, in us: how many were at most `upToUs[i]` and above `upToUs[i - 1]`.
   * Buckets without a count are left out.
   */
  latency: { upToUs: number[]; counts: number[] };
  /** The same of connects. */
  connect: { upToUs: number[]; counts: number[] };
}
