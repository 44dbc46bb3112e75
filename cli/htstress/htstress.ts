/** `ktcp htstress`: the HTTP load generator, with the flags of the C tool of that name. */
import { messageOf } from "../../system/message_of.ts";
import { Command } from "commander";
import {
  type HtstressOptions,
  type HtstressOutcome,
  requestsOf,
  runHtstress,
} from "../../bench/http/htstress.ts";
import { findOrigins, type Origins } from "../../bench/http/origins.ts";
import { limitsWarning } from "../../bench/load/limits.ts";
import { faultText, histogramText, htstressText } from "../../bench/report/text.ts";
import type { LiveSubject } from "../../bench/report/live.ts";
import { formatAmount, formatCount } from "../../system/units.ts";
import { type HtstressResult, htstressResult, isAllBad } from "../../bench/result.ts";
import { compareRuns } from "../shared/compare.ts";
import { isFailed } from "../shared/fail_if.ts";
import { Failure } from "../shared/failure.ts";
import { withNotes } from "../shared/help.ts";
import { checkDistinct, checkFolder, checkPlot, writePlot } from "../shared/files.ts";
import { OutputFile } from "../shared/output_file.ts";
import { HTSTRESS_CSV_HEADER, requestCsv } from "../../bench/report/csv.ts";
import { addHtstressOptions, type HtstressFlags, htstressOptions } from "./options.ts";
import { runSweep } from "./sweep.ts";
import { type Interrupt, onInterrupt, STOP_SIGNALS } from "../shared/interrupt.ts";
import {
  outputWidth,
  printBytes,
  printJson,
  printJsonLine,
  printNote,
  printResult,
} from "../shared/output.ts";
import { noteLateStart } from "../shared/start_at.ts";
import { isLocal, noteRemote } from "../shared/remote.ts";
import { VERSION } from "../shared/version.ts";
import { checkSample, startWatch, type Watch } from "../shared/watch.ts";

/**
 * Builds the command; its exit code is 1 on a socket error, when no response is good, or when an
 * expectation is not met.
 */
export function command(): Command {
  const htstress = new Command("htstress")
    .description(
      "HTTP load: requests as fast as responses come, or at a rate, over connections that stay " +
        "open or over a new one each (HTTP/1.0, the default). Responses with a status of 400 or " +
        "above are bad, and so are those that are cut short or are not HTTP.",
    )
    .usage("[options] <[http://]host[:port]/path...>")
    .argument("[urls...]", "in turn; http:// may be left out");
  addHtstressOptions(htstress);
  return withNotes(htstress, {
    exit: {
      1: "no server listens, a socket error, no good response, a bad one where a good one is " +
        "expected, or a --fail-if holds",
      130: "Ctrl-C, SIGTERM or SIGHUP: the figures so far are printed",
    },
    examples: [
      [
        "ktcp htstress --keep-alive -c 32 --duration 10s localhost:8081",
        "32 connections that stay open, for ten seconds",
      ],
      [
        "ktcp htstress -n 100000 -c 1 -t 4 http://localhost:8081/",
        "as the original: a connection for each of 100,000 requests",
      ],
      [
        "ktcp htstress -k -c 32 --rate 5000 --duration 10s --fail-if 'p99>20ms' localhost:8081",
        "a test for CI: exit 1 when 5,000 requests a second get slow answers",
      ],
      ["ktcp htstress -k --sweep --plot sweep.svg localhost:8081", "find the knee, and draw it"],
      ["ktcp htstress -k -c 8 --duration 10s --urls targets.txt", "many URLs in turn"],
      [
        "ktcp htstress -k -c 64 --replay access.log --speed 2 localhost:8081",
        "yesterday's requests, twice as fast",
      ],
    ],
  })
    .action(run);
}

async function run(urls: string[], flags: HtstressFlags): Promise<void> {
  if (flags.compare || flags.with) return await compareRuns(flags);
  checkSample(flags);
  const asked = await htstressOptions(urls, flags);
  if (flags.plot !== undefined) checkPlot(flags.plot);
  if (flags.hdrLog !== undefined) checkFolder("hdr-log", flags.hdrLog);
  checkDistinct({ csv: flags.csv, plot: flags.plot, "hdr-log": flags.hdrLog });
  const options = { ...asked, origins: await originsOf(asked) };
  warnOfLimits(options);
  const interrupt = onInterrupt(STOP_SIGNALS);
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
  const samples = flags.csv === undefined ? undefined : new OutputFile("csv", flags.csv);
  samples?.write(HTSTRESS_CSV_HEADER + "\n");
  const { outcome, watch } = await measure(options, { flags, interrupt, samples });
  const result = htstressResult(VERSION, outcome.run);
  const print = flags.sample === undefined ? printJson : printJsonLine;
  if (flags.json) print({ ...result, hdrLog: flags.hdrLog });
  else printResult(textOf(result, outcome, flags));
  samples?.close();
  watch.close();
  if (flags.plot !== undefined) {
    const { htstressCharts } = await import("../../bench/report/figures.ts");
    const { connect, ttfb, latency } = outcome.histograms;
    const curves = Object.entries({ connect, ttfb, latency })
      .map(([name, histogram]) => ({ name, curve: histogram.curve() }))
      .filter(({ curve }) => curve.length > 0);
    await writePlot(
      flags.plot,
      htstressCharts(result, curves, watch.heat),
      subjectOf(options).title,
    );
  }
  noteLateStart("htstress", flags.startAt, outcome.run.startedMs);
  // Without --json, the summary names the faults.
  if (flags.json && result.faults.length > 0) {
    printNote(`ktcp htstress: ${faultText(result.faults[0])}`);
  }
  Deno.exitCode = judge(result, flags);
}

function textOf(
  result: HtstressResult,
  { histograms }: HtstressOutcome,
  { histogram }: HtstressFlags,
): string {
  const width = outputWidth();
  const text = htstressText(result, width);
  return histogram ? `${text}\n\n${histogramText(histograms.latency, width)}` : text;
}

/** How a run is watched. */
export interface MeasureOptions {
  flags: HtstressFlags;
  interrupt: Interrupt;
  samples?: OutputFile;
}

/**
 * Runs the load, with a live view on a terminal.
 *
 * @throws {Failure} when it cannot be started
 */
async function measure(
  options: HtstressOptions,
  { flags, interrupt, samples }: MeasureOptions,
): Promise<{ outcome: HtstressOutcome; watch: Watch }> {
  const watch = await startWatch(subjectOf(options), {
    ...flags,
    heat: flags.plot !== undefined && flags.sweep === undefined,
    isShown: !flags.debug,
  });
  try {
    const outcome = await runHtstress(options, {
      signal: interrupt.signal,
      onInterval: watch.onInterval,
      intervalMs: watch.intervalMs,
      onSamples: samples &&
        ((portion) => samples.write(portion.map((sample) => requestCsv(sample) + "\n").join(""))),
      onDebug: flags.debug ? printBytes : undefined,
    });
    return { outcome, watch };
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(messageOf(error));
  } finally {
    watch.stop();
  }
}

/** What the live view, the log and the plots call the load. */
function subjectOf(options: HtstressOptions): LiveSubject {
  const { urls, requests, durationMs } = options;
  const more = urls.length > 1 ? ` and ${urls.length - 1} more` : "";
  return {
    title: `htstress ${urls[0]}${more}, ${loadText(options)}`,
    unit: "requests",
    latency: "latency",
    total: requests,
    durationMs,
  };
}

/** `keep-alive, 32 connections, 5,000/s`. */
function loadText({ isKeepAlive, threads, concurrency, ratePerSecond }: HtstressOptions): string {
  const rate = ratePerSecond > 0 ? `, ${formatCount(ratePerSecond)}/s` : "";
  return `${isKeepAlive ? "keep-alive" : "a connection a request"}, ` +
    `${formatAmount(threads * concurrency, "connection")}${rate}`;
}

/** The exit code for `result`; says on stderr why it is not 0, where the result does not. */
function judge(result: HtstressResult, flags: HtstressFlags): number {
  const isFailedIf = isFailed("htstress", flags.failIf, result);
  const isExpecting = flags.expectStatus !== undefined || flags.expectBodySha256 !== undefined;
  const isUnmet = isExpecting && result.bad > 0;
  if (isUnmet) {
    const responses = formatAmount(result.bad, "response");
    printNote(`ktcp htstress: ${responses} ${result.bad === 1 ? "is" : "are"} not as expected`);
  }
  if (isAllBad(result)) printNote("ktcp htstress: no request got a good response");
  return isFailedIf || isUnmet || isAllBad(result) || result.socketErrors > 0 ? 1 : 0;
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
