/** `ktcp htstress`: the HTTP load generator, with the flags of the C tool of that name. */
import { Command } from "commander";
import {
  type HtstressOptions,
  type HtstressOutcome,
  type LiveState,
  requestsOf,
  runHtstress,
} from "../../bench/http/htstress.ts";
import { findOrigins, type Origins } from "../../bench/http/origins.ts";
import { limitsWarning } from "../../bench/load/limits.ts";
import { type Progress, startProgress } from "../../bench/report/progress.ts";
import { htstressText } from "../../bench/report/text.ts";
import { formatCount, formatLatency } from "../../system/units.ts";
import { type HtstressResult, htstressResult } from "../../bench/result.ts";
import { compareRuns } from "../shared/compare.ts";
import { isFailed } from "../shared/fail_if.ts";
import { Failure, messageOf } from "../shared/failure.ts";
import { checkPlot, writePlot } from "../shared/files.ts";
import { SampleFile } from "./sample_file.ts";
import { addHtstressOptions, type HtstressFlags, htstressOptions } from "./options.ts";
import { runSweep } from "./sweep.ts";
import { type Interrupt, onInterrupt } from "../shared/interrupt.ts";
import {
  mayShowProgress,
  printBytes,
  printJson,
  printNote,
  printResult,
} from "../shared/output.ts";
import { noteLateStart } from "../shared/start_at.ts";
import { isLocal, noteRemote } from "../shared/remote.ts";
import { VERSION } from "../shared/version.ts";

/** Builds the command; its exit code is 1 on a socket error, or when an expectation is not met. */
export function command(): Command {
  const htstress = new Command("htstress")
    .description(
      "HTTP load: requests as fast as responses come, or at a rate, over connections that stay " +
        "open or over one each (HTTP/1.0, the default). Responses with a status of 400 and above " +
        "are bad, and so are those that are cut short or no HTTP.",
    )
    .usage("[options] <[http://]host[:port]/path...>")
    .argument("[urls...]", "in turn; http:// may be left out")
    .helpOption("--help", "print this help");
  addHtstressOptions(htstress);
  return htstress
    .addHelpText(
      "after",
      "\nExit code 1 on a socket error, on a bad response where one is expected, or when a --fail-if" +
        "\nholds; 130 after Ctrl-C (the figures so far are printed)." +
        "\n\nExamples:\n  ktcp htstress -n 100000 -c 1 -t 4 http://localhost:8081/" +
        "\n  ktcp htstress --keep-alive -c 32 --duration 10s localhost:8081" +
        "\n  ktcp htstress -k -c 32 --rate 5000 --duration 10s --fail-if 'p99>20ms' localhost:8081" +
        "\n  ktcp htstress -k --sweep --plot sweep.svg localhost:8081" +
        "\n  ktcp htstress -k -c 8 --duration 10s --urls targets.txt" +
        "\n  ktcp htstress -k -c 64 --replay access.log --speed 2 localhost:8081",
    )
    .action(run);
}

async function run(urls: string[], flags: HtstressFlags): Promise<void> {
  if (flags.compare) return compareRuns(flags.compare, flags.json ?? false);
  const asked = await htstressOptions(urls, flags);
  if (flags.plot !== undefined) checkPlot(flags.plot);
  const options = { ...asked, origins: await originsOf(asked) };
  warnOfLimits(options);
  const interrupt = onInterrupt();
  try {
    if (flags.sweep !== undefined) await runSweep(options, { flags, measure, interrupt });
    else await runOnce(options, flags, interrupt);
    if (interrupt.signal.aborted) Deno.exitCode = 130;
  } finally {
    interrupt.dispose();
  }
}

/**
 * Finds the servers of the load once, and names those that are not this machine.
 *
 * @throws {Failure} when a name has no address
 */
async function originsOf(options: HtstressOptions): Promise<Origins> {
  const urls = requestsOf(options).map(({ url }) => url);
  try {
    const origins = await findOrigins(urls, options);
    const targets = origins.servers.map((addresses, server) => ({
      host: urls[origins.serverOf.indexOf(server)].host.hostname,
      addresses,
    }));
    noteRemote("htstress", targets);
    return origins;
  } catch (error) {
    throw new Failure(messageOf(error));
  }
}

/** One run, with all its reports. */
async function runOnce(
  options: HtstressOptions,
  flags: HtstressFlags,
  interrupt: Interrupt,
): Promise<void> {
  if (options.requests === 0 && options.durationMs === 0) printNote("[Press Ctrl-C to finish]");
  const samples = flags.csv === undefined ? undefined : new SampleFile(flags.csv);
  const outcome = await measure(options, { flags, interrupt, samples });
  const result = htstressResult(VERSION, outcome.run);
  if (flags.json) printJson(result);
  else printResult(htstressText(result));
  samples?.close();
  if (flags.plot !== undefined) {
    const { htstressCharts } = await import("../../bench/report/figures.ts");
    const { connect, ttfb, latency } = outcome.histograms;
    const curves = Object.entries({ connect, ttfb, latency })
      .map(([name, histogram]) => ({ name, curve: histogram.curve() }))
      .filter(({ curve }) => curve.length > 0);
    await writePlot(flags.plot, htstressCharts(result, curves));
  }
  noteLateStart("htstress", flags.startAt, outcome.run.startedMs);
  if (outcome.firstProblem) printNote(`ktcp htstress: ${outcome.firstProblem}`);
  Deno.exitCode = judge(result, flags);
}

/** How a run is watched. */
export interface MeasureOptions {
  flags: HtstressFlags;
  interrupt: Interrupt;
  samples?: SampleFile;
}

/**
 * Runs the load, with a progress display on a terminal.
 *
 * @throws {Failure} when it cannot be started
 */
async function measure(
  options: HtstressOptions,
  { flags, interrupt, samples }: MeasureOptions,
): Promise<HtstressOutcome> {
  const { requests, durationMs } = options;
  const progress = await startProgress(requests || durationMs || 1, mayShowProgress());
  let lastState: LiveState = { elapsedMs: 0, completed: 0, failed: 0, p50Us: 0, p99Us: 0 };
  try {
    return await runHtstress(options, {
      signal: interrupt.signal,
      onLive: (state) => {
        showProgress(progress, { state, lastState, options });
        lastState = state;
      },
      onSamples: samples && ((portion) => samples.add(portion)),
      onDebug: flags.debug ? printBytes : undefined,
    });
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(messageOf(error));
  } finally {
    progress.stop();
  }
}

function showProgress(
  progress: Progress,
  { state, lastState, options }: {
    state: LiveState;
    lastState: LiveState;
    options: HtstressOptions;
  },
): void {
  const { requests, durationMs } = options;
  const { elapsedMs, completed, failed, p50Us, p99Us } = state;
  const rate = (completed - lastState.completed) / (elapsedMs - lastState.elapsedMs) * 1000;
  progress.update({
    done: requests > 0 ? completed : durationMs > 0 ? Math.round(elapsedMs) : 0,
    note: `${formatCount(Math.round(rate))}/s  p50 ${formatLatency(p50Us)}  ` +
      `p99 ${formatLatency(p99Us)}  errors ${formatCount(failed)}`,
  });
}

/** The exit code for `result`; says on stderr why it is not 0, where the result does not. */
function judge(result: HtstressResult, flags: HtstressFlags): number {
  const isFailedIf = isFailed("htstress", flags.failIf, result);
  const isExpecting = flags.expectStatus !== undefined || flags.expectBodySha256 !== undefined;
  const isUnmet = isExpecting && result.bad > 0;
  if (isUnmet) printNote(`ktcp htstress: ${formatCount(result.bad)} responses are not as expected`);
  return isFailedIf || isUnmet || result.socketErrors > 0 ? 1 : 0;
}

/** Warns in one line of the first limit of the system that the load meets. */
function warnOfLimits(
  { concurrency, threads, origins, unixPath }: HtstressOptions & { origins: Origins },
): void {
  const warning = limitsWarning({
    connections: concurrency * threads,
    server: origins.servers.flat().every(isLocal) ? "local" : "remote",
    unix: unixPath !== undefined,
  });
  if (warning) printNote(`ktcp htstress: ${warning}`);
}
