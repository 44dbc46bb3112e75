/** What `bench` and `htstress` show and record of a running load: live view, log, samples, heat map. */
import { Option } from "commander";
import { loadSample } from "../../bench/load_sample.ts";
import { Heat } from "../../bench/stats/heat.ts";
import type { Interval } from "../../bench/stats/timeline.ts";
import type { LiveSubject } from "../../bench/report/live.ts";
import { UsageError } from "./failure.ts";
import { file } from "./options.ts";
import { mayShowProgress, printJsonLine } from "./output.ts";
import { OutputFile } from "./output_file.ts";
import { sampleOption } from "./sample.ts";

/** After this time without an interval, the live view says that it waits. */
const PATIENCE_MS = 500;

/** Values of the options. */
export interface WatchFlags {
  hdrLog?: string;
  quiet?: boolean;
  sample?: number;
}

/** The options. */
export const WATCH_OPTIONS: readonly Option[] = [
  file("--hdr-log", "write the latencies of every second as an HdrHistogram log"),
  new Option("-q, --quiet", "no live view, on a terminal too"),
  sampleOption(),
];

/** @throws {UsageError} for samples without the document that ends them */
export function checkSample({ sample, json }: { sample?: number; json?: boolean }): void {
  if (sample === undefined || json) return;
  throw new UsageError(`--sample '${sample}' needs --json: the document is the last line`);
}

/** A load that is watched. */
export interface Watch {
  /** Is called with every interval; undefined when nothing needs them. */
  onInterval?: (interval: Interval) => void;
  /** Length of an interval in ms; undefined: any. */
  intervalMs?: number;
  /** The latency over time, if it was wanted. */
  heat?: Heat;
  /** Removes the live view; call it before anything is printed. */
  stop(): void;
  /** Completes the log. @throws {Failure} when it could not be written */
  close(): void;
}

/** What else is known of a load that is watched. */
interface WatchOptions extends WatchFlags {
  /** Whether the latency over time is kept. */
  heat: boolean;
  /** Whether the terminal is free for a live view. */
  isShown: boolean;
}

/**
 * Watches a load.
 *
 * @throws {Failure} when the log cannot be made
 */
export async function startWatch(
  subject: LiveSubject,
  { hdrLog, quiet, sample, heat: wantsHeat, isShown }: WatchOptions,
): Promise<Watch> {
  const heat = wantsHeat ? new Heat() : undefined;
  const log = hdrLog === undefined ? undefined : await startLog(hdrLog, subject.title);
  const isViewed = isShown && !quiet && sample === undefined && mayShowProgress();
  const view = isViewed ? await startView(subject) : undefined;
  const samples = sample === undefined ? undefined : samplePrinter(subject);
  return {
    heat,
    intervalMs: sample,
    onInterval: heat || log || view || samples
      ? (interval) => {
        heat?.add(interval.startMs, interval.endMs, interval.latencies[subject.latency]);
        log?.add(interval);
        view?.add(interval);
        samples?.(interval);
      }
      : undefined,
    stop: () => view?.stop(),
    close: () => log?.close(),
  };
}

/** Prints intervals as lines of JSON, as long as they can be written. */
function samplePrinter({ latency, total }: LiveSubject): (interval: Interval) => void {
  let isRead = true;
  return (interval) => {
    if (!isRead) return;
    try {
      isRead = printJsonLine(loadSample(interval, { latency, most: total || undefined }));
    } catch {
      // The document at the end cannot be written either, and that is reported.
      isRead = false;
    }
  };
}

async function startLog(path: string, title: string) {
  const { HdrLog } = await import("../../bench/report/hdr_log.ts");
  const out = new OutputFile("hdr-log", path);
  const log = new HdrLog(`ktcp ${title}`);
  let failure: unknown;
  return {
    add(interval: Interval) {
      if (failure) return;
      try {
        out.write(log.add(interval));
      } catch (error) {
        // Reported when the load is over: its result is worth more than the log.
        failure = error;
      }
    },
    close() {
      if (failure) throw failure;
      out.write(log.end());
      out.close();
    },
  };
}

async function startView(subject: LiveSubject) {
  const [{ LiveView }, { startDisplay }] = await Promise.all([
    import("../../bench/report/live.ts"),
    import("../../bench/report/terminal.ts"),
  ]);
  const view = new LiveView(subject);
  const display = await startDisplay("screen");
  const show = () => display.show(view.text(display.size()));
  // No interval comes during a warm-up.
  const timer = setTimeout(show, PATIENCE_MS);
  return {
    add(interval: Interval) {
      view.add(interval);
      show();
    },
    stop() {
      clearTimeout(timer);
      display.stop();
    },
  };
}
