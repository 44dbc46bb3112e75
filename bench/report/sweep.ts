/** The text that a sweep prints. Pure. */
import type { HtstressResult } from "../result.ts";
import { type Step, stepPlot } from "./terminal_plot.ts";
import { wrap } from "./text_layout.ts";
import { formatCount, formatLatency } from "../../system/units.ts";

/** The run at one load. */
export interface SweptRun {
  load: number;
  result: HtstressResult;
}

/** The texts about a sweep: its name and its outcome. */
export interface SweepText {
  /** `connections per thread` or `requests/s asked`. */
  loadName: string;
  /** See `knee.ts`. */
  kneeLoad: number | null;
}

/** Throughput and p99 over load as bars, and the knee, in at most `width` columns. */
export function sweepText(
  runs: readonly SweptRun[],
  { loadName, kneeLoad }: SweepText,
  width: number,
): string {
  const steps = runs.map(({ load, result }): Step => ({
    load: formatCount(load) + (load === kneeLoad ? " <- knee" : ""),
    bars: [
      { name: "requests/s", value: result.requestsPerSecond },
      { name: "p99", value: result.latencyUs.p99 ?? 0 },
      { name: "errors", value: result.bad + result.socketErrors },
      ...(result.schedule ? [{ name: "not sent", value: result.schedule.unsent }] : []),
    ],
  }));
  const knee = kneeLoad === null
    ? `knee: none up to ${formatCount(runs.at(-1)!.load)} ${loadName}`
    : `knee: ${formatCount(kneeLoad)} ${loadName}; more buys latency, not throughput`;
  const formats = [formatCount, formatLatency, formatCount, formatCount];
  const plot = stepPlot(steps, formats.slice(0, steps[0]?.bars.length), width);
  return `${loadName}\n${plot}\n\n${wrap(knee, { width, margin: "" })}`;
}
