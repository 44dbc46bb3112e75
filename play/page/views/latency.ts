/** Latencies of a server's loads, from the buckets of their samples. */
import type { Frame, LoadView } from "../../protocol.ts";
import type { LoadSample } from "../../../bench/load_sample.ts";

/** Latencies of a window, in us. Each is the upper edge of the bucket that holds it. */
export interface Percentiles {
  /** Number of answers. */
  count: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

type Buckets = Readonly<LoadSample["latency"]>;

/** Percentiles of all buckets together; null if they are empty. */
export function percentiles(all: readonly Buckets[]): Percentiles | null {
  const counts = new Map<number, number>();
  let count = 0;
  for (const buckets of all) {
    buckets.upToUs.forEach((upToUs, i) => {
      counts.set(upToUs, (counts.get(upToUs) ?? 0) + buckets.counts[i]);
      count += buckets.counts[i];
    });
  }
  if (count === 0) return null;
  const edges = [...counts.keys()].filter((edge) => counts.get(edge)! > 0).sort((a, b) => a - b);
  const upTo: number[] = [];
  let sum = 0;
  for (const edge of edges) upTo.push(sum += counts.get(edge)!);
  /** The lowest edge at or below which `share` of the answers are. */
  const at = (share: number) => {
    // A share such as 0.9 of 10 is 9 answers, not 9.000000000000002.
    const rank = Math.ceil(share * count - 1e-9);
    return edges[upTo.findIndex((reached) => reached >= rank)];
  };
  return { count, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: edges[edges.length - 1] };
}

/** The loads on a server. */
export function loadsOf(frame: Frame, server: string): LoadView[] {
  return frame.loads.filter(({ serverId }) => serverId === server);
}

/** The samples of all loads on a server in `frames`. */
export function loadSamples(frames: readonly Frame[], server: string): LoadSample[] {
  return frames.flatMap((frame) => loadsOf(frame, server).flatMap(({ samples }) => samples));
}
