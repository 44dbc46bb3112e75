/** What a load did since the previous sample, as reported to an observer: a line of JSON. */
import type { LatencyHistogram } from "./stats/histogram.ts";
import type { Interval } from "./stats/timeline.ts";

/** An interval of a load. */
export interface LoadSample {
  /** Beginning and end, in ms since the epoch, with fractions. */
  startMs: number;
  endMs: number;
  /** Totals since the load began; `errors` by kind. */
  totals: {
    done: number;
    failed: number;
    bytesIn: number;
    statuses: Record<string, number>;
    errors: Record<string, number>;
    /** Open connections now. */
    open: number;
    /** With a rate: starts that are due but not sent yet. Null in a closed loop. */
    unsent: number | null;
  };
  /** Complete answers in the interval. */
  answers: number;
  /**
   * Latencies in the interval, in us: how many were at most `upToUs[i]` and above `upToUs[i - 1]`.
   * Buckets without a count are left out. Buckets have the same bounds in all samples, 2 % apart.
   */
  latency: LatencyCounts;
  /** The same for connects. */
  connect: LatencyCounts;
}

/** Latencies in buckets. */
export interface LatencyCounts {
  upToUs: number[];
  counts: number[];
}

/** Buckets per decade, each 1.9 % wide, which is the error of a percentile. */
const BUCKETS_PER_DECADE = 120;

/**
 * Decades of buckets: the first bucket ends at 1 µs, the last one above an hour, the longest
 * latency.
 */
const DECADES = 10;

const EDGES_US = Array.from(
  { length: BUCKETS_PER_DECADE * DECADES + 1 },
  (_, i) => Number((10 ** (i / BUCKETS_PER_DECADE)).toPrecision(4)),
);

/**
 * The sample for `interval`.
 *
 * @param latency the name of the latency to report, among the interval's latencies
 * @param most the most starts that were asked for, which limits those due
 */
export function loadSample(
  { startMs, endMs, answers, counts, latencies }: Interval,
  { latency, most = Infinity }: { latency: string; most?: number },
): LoadSample {
  const { starts, ...totals } = counts;
  return {
    startMs,
    endMs,
    totals: {
      ...totals,
      unsent: starts && Math.max(0, Math.min(starts.due, most) - starts.sent),
    },
    answers,
    latency: countsOf(latencies[latency]),
    connect: countsOf(latencies.connect),
  };
}

function countsOf(histogram: LatencyHistogram): LatencyCounts {
  const found: LatencyCounts = { upToUs: [], counts: [] };
  if (histogram.count === 0) return found;
  let before = 0;
  histogram.countsUpTo(EDGES_US).forEach((total, i) => {
    if (total > before) {
      found.upToUs.push(EDGES_US[i]);
      found.counts.push(total - before);
    }
    before = total;
  });
  return found;
}
