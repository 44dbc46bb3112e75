/** Runs an echo benchmark: spreads its clients over Web Workers and gathers their results. */
import { Barrier } from "../load/barrier.ts";
import { Budget, Halt } from "../load/schedule.ts";
import type { LoadAnswer, LoadResult, LoadTask } from "./load.ts";
import type { EchoPlan } from "./plan.ts";
import { EchoTallies } from "./tallies.ts";
import { counterGrowth, type KernelCounters, readKernelCounters } from "../../system/netstat.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import { type Interval, type IntervalPart, Timeline } from "../stats/timeline.ts";
import { formatAddress } from "../../system/address.ts";

/** How a run is watched. */
export interface EchoOptions {
  /** Whether every sample is kept, for `EchoTallies.samples`; default false. */
  keepSamples?: boolean;
  /** Ends the run; the counts so far are its outcome. */
  signal?: AbortSignal;
  /** Called with what happened during each interval of the run, except for warm-up rounds. */
  onInterval?(interval: Interval): void;
  /** Length of an interval; default: see `timeline.ts`. */
  intervalMs?: number;
}

/** The results of a run. */
export interface EchoOutcome {
  tallies: EchoTallies;
  connectUs: LatencyHistogram;
  echoUs: LatencyHistogram;
  /** When the first counted round was released, in ms since the epoch; null when it never was. */
  startedMs: number | null;
  /** Wall time from the release of the first counted round to the end of the last. */
  seconds: number;
  /** Growth of the kernel's counters during the run. */
  kernel: KernelCounters | null;
  /** Explanation of an echo that differed. */
  mismatch: string | null;
  /** Why the run could not go on because of this process or its machine, not the server. */
  aborted: string | null;
}

/**
 * Runs `plan`.
 *
 * @throws {RangeError} when there would be too many samples to keep, see `MAX_SAMPLES`
 */
export async function runEcho(plan: EchoPlan, options: EchoOptions = {}): Promise<EchoOutcome> {
  const tallies = EchoTallies.create(plan, options.keepSamples ?? false);
  const barrier = Barrier.create(plan.workers);
  const budget = Budget.create(0);
  const before = readKernelCounters();
  const workers = Array.from({ length: plan.workers }, () => startWorker(plan));
  const stopAll = () => {
    // A thread that waits in system calls handles no messages.
    budget.stop(Halt.Abandon);
    barrier.break();
  };
  const { onInterval, intervalMs } = options;
  const timeline = onInterval && new Timeline((interval) => onInterval(interval), intervalMs);
  using _settling = timeline?.start();
  try {
    const results = workers.map(async (worker, index) => {
      const task: LoadTask = {
        plan,
        worker: index,
        tallies: tallies.share,
        barrier: barrier.shared,
        budget: budget.shared,
        intervalMs: timeline?.intervalMs ?? null,
      };
      const result = await runTask(worker, task, (part) => timeline?.add(part));
      if (result.aborted) stopAll();
      return result;
    });
    options.signal?.addEventListener("abort", stopAll);
    if (options.signal?.aborted) stopAll();
    const outcome = gather(await Promise.all(results));
    timeline?.end();
    return { ...outcome, tallies, kernel: counterGrowth(before, readKernelCounters()) };
  } finally {
    options.signal?.removeEventListener("abort", stopAll);
    stopAll();
    workers.forEach((worker) => worker.terminate());
  }
}

/** A Worker that may only reach the target; a Unix socket counts as a file to write. */
function startWorker({ target, engine }: EchoPlan): Worker {
  // System calls need no permission for the target.
  const permissions: Deno.PermissionOptionsObject = engine !== "deno"
    ? { ffi: true }
    : "path" in target
    ? { net: [`unix:${target.path}`], read: [target.path], write: [target.path] }
    : { net: [formatAddress(target)] };
  return new Worker(new URL("./echo_worker.ts", import.meta.url), {
    type: "module",
    name: "ktcp bench",
    deno: { permissions },
  });
}

function runTask(
  worker: Worker,
  task: LoadTask,
  onPart: (part: IntervalPart) => void,
): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<LoadAnswer>) => {
      if ("part" in data) onPart(data.part);
      else resolve(data.result);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(task);
  });
}

function gather(results: LoadResult[]): Omit<EchoOutcome, "tallies" | "kernel"> {
  const started = results.flatMap(({ startedMs }) => startedMs ?? []);
  const startedMs = started.length === 0 ? null : Math.min(...started);
  const endedMs = Math.max(...results.map((result) => result.endedMs));
  return {
    connectUs: merged(results.map((result) => result.connectUs)),
    echoUs: merged(results.map((result) => result.echoUs)),
    startedMs,
    seconds: startedMs === null ? 0 : (endedMs - startedMs) / 1000,
    mismatch: results.find((result) => result.mismatch)?.mismatch ?? null,
    aborted: results.find((result) => result.aborted)?.aborted ?? null,
  };
}

function merged(encoded: Uint8Array[]): LatencyHistogram {
  const total = new LatencyHistogram();
  for (const bytes of encoded) total.merge(new LatencyHistogram(bytes));
  return total;
}
