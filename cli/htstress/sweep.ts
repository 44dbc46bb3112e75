/** `ktcp htstress --sweep`: one run after the other with a rising load, to find the knee. */
import type { HtstressOptions, HtstressOutcome } from "../../bench/http/htstress.ts";
import { concurrencyKnee, type LoadStep, rateKnee } from "../../bench/http/knee.ts";
import { sweepText, type SweptRun } from "../../bench/report/sweep.ts";
import { formatAmount, formatCount } from "../../system/units.ts";
import { type HtstressResult, htstressResult, isAllBad } from "../../bench/result.ts";
import type { HtstressFlags } from "./options.ts";
import { writePlot } from "../shared/files.ts";
import type { Interrupt } from "../shared/interrupt.ts";
import { outputWidth, printJson, printNote, printResult } from "../shared/output.ts";
import { VERSION } from "../shared/version.ts";

/** Length of a step unless --duration or --number say otherwise. */
const STEP_MS = 2000;

/** The highest concurrency of a sweep unless `-c` says otherwise. */
const MAX_CONCURRENCY = 256;

/** Steps of a sweep up to `--rate`. */
const RATE_STEPS = 10;

/** How a sweep is run. */
export interface SweepOptions {
  flags: HtstressFlags;
  interrupt: Interrupt;
  /** Runs one load. */
  measure(
    options: HtstressOptions,
    watch: { flags: HtstressFlags; interrupt: Interrupt },
  ): Promise<{ outcome: HtstressOutcome }>;
}

/** Runs `options` at every load of the sweep, and prints the results. */
export async function runSweep(
  options: HtstressOptions,
  { flags, measure, interrupt }: SweepOptions,
): Promise<void> {
  const isRate = options.ratePerSecond > 0;
  const loadName = isRate ? "requests/s asked" : "connections per thread";
  const durationMs = flags.duration ?? (options.requests > 0 ? 0 : STEP_MS);
  const runs: SweptRun[] = [];
  for (const load of loadsOf(options, flags)) {
    if (interrupt.signal.aborted) break;
    const step = isRate ? { ratePerSecond: load } : { concurrency: load };
    const { outcome } = await measure({ ...options, ...step, durationMs }, { flags, interrupt });
    const result = htstressResult(VERSION, outcome.run);
    runs.push({ load, result });
    const unsent = result.schedule ? `, not sent ${formatCount(result.schedule.unsent)}` : "";
    const rate = formatCount(result.requestsPerSecond);
    printNote(`${loadName} ${formatCount(load)}: ${rate}/s answered${unsent}`);
  }
  const steps = runs.map(({ load, result }): LoadStep => ({
    load,
    throughput: goodPerSecond(load, result),
  }));
  const kneeLoad = isRate ? rateKnee(steps) : concurrencyKnee(steps);
  if (flags.json) {
    const sweep = isRate ? "rate" : "concurrency";
    const documents = runs.map(({ load, result }) => ({ load, ...result }));
    printJson({ command: "htstress", version: VERSION, sweep, kneeLoad, steps: documents });
  } else printResult(sweepText(runs, { loadName, kneeLoad }, outputWidth()));
  if (flags.plot !== undefined) {
    const { sweepChart } = await import("../../bench/report/charts.ts");
    const points = runs.map(({ load, result }) => ({
      load,
      throughput: result.requestsPerSecond,
      p99Us: result.latencyUs.p99,
    }));
    const title = "Throughput and p99 over load";
    await writePlot(flags.plot, [
      sweepChart(title, points, { loadName, kneeLoad: kneeLoad ?? undefined }),
    ], sweepTitle(options, durationMs));
  }
  Deno.exitCode = runs.some(({ result }) => result.socketErrors > 0 || isAllBad(result)) ? 1 : 0;
}

/**
 * Good responses per second. With `--rate`, this is the rate times the share of due requests that were
 * answered well: so long latencies at the end of a short step do not count as a rate that was not kept.
 */
function goodPerSecond(load: number, result: HtstressResult): number {
  const { good, statuses, schedule, requestsPerSecond } = result;
  if (schedule) return load * good / Math.max(1, schedule.due);
  const answers = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return answers > 0 ? requestsPerSecond * good / answers : 0;
}

function sweepTitle(options: HtstressOptions, durationMs: number): string {
  const { urls, isKeepAlive, threads } = options;
  const more = urls.length > 1 ? ` and ${urls.length - 1} more` : "";
  const mode = isKeepAlive ? "keep-alive" : "a connection a request";
  const length = durationMs > 0 ? `, ${durationMs / 1000} s a step` : "";
  return `htstress --sweep ${urls[0]}${more}, ${mode}, ${formatAmount(threads, "thread")}${length}`;
}

/** The loads that are asked for, or else: doubled up to -c (256), or tenths of --rate. */
function loadsOf(options: HtstressOptions, { sweep }: HtstressFlags): number[] {
  if (Array.isArray(sweep)) return sweep;
  const { ratePerSecond, concurrency } = options;
  if (ratePerSecond > 0) {
    return Array.from(
      { length: RATE_STEPS },
      // Without the rounding errors of binary fractions.
      (_, i) => Number((ratePerSecond * (i + 1) / RATE_STEPS).toPrecision(12)),
    );
  }
  const most = concurrency > 1 ? concurrency : MAX_CONCURRENCY;
  const loads: number[] = [];
  for (let load = 1; load < most; load *= 2) loads.push(load);
  return [...loads, most];
}
