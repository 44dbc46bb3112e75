/** Lab `spawn`: what a unit of concurrency costs, from a promise to a process. */
import { formatBytes, formatCount, formatLatency } from "../../system/units.ts";
import { LibcError } from "../../system/linux/libc.ts";
import { NativeThreads } from "../../system/linux/native_thread.ts";
import { Process } from "../../system/process.ts";
import { proportionalBytes, residentBytes } from "../../system/process_usage.ts";
import type { FigureValues } from "./figures.ts";
import type { Lab, LabContext } from "./lab.ts";
import { measure, type VariantResult, type VariantSpec } from "./measure.ts";
import { median } from "../stats/spread.ts";
import { compare, factor, type Finding, finding } from "./verdict.ts";

const GROUP = "one of them";
const PROMISE = "promise";
const THREAD = "native thread";
const WORKER = "Worker";
const PROCESS = "process, true(1)";
const ENGINE = "process, ktcp echo";

/** How many of each are created one after the other, and kept at the same time. */
const COUNTS = {
  quick: { promises: 100_000, threads: 500, workers: 12, processes: 12 },
  full: { promises: 400_000, threads: 2000, workers: 30, processes: 100 },
};

export const spawn: Lab = {
  name: "spawn",
  question: "What does a unit of concurrency cost: a promise, a thread, a Worker, a process?",
  seconds: { quick: 2, full: 10 },
  takes: [],
  async run(context) {
    const counts = COUNTS[context.isQuick ? "quick" : "full"];
    const threads = nativeThreads();
    const isLinux = Deno.build.os === "linux";
    const specs: VariantSpec[] = [
      spec(PROMISE, () => promises(counts.promises)),
      ...(typeof threads === "string"
        ? []
        : [spec(THREAD, () => Promise.resolve(nativeThread(threads, counts.threads)))]),
      spec(WORKER, () => workers(counts.workers)),
      ...(isLinux ? [spec(PROCESS, () => processes(counts.processes))] : []),
      spec(ENGINE, () => engineProcess(context)),
    ];
    // The first of each kind loads code and allocates memory that later ones reuse, so it is not
    // measured.
    for (const { run } of specs.slice(0, 3)) if (!context.signal.aborted) await run();
    const variants = await measure(specs, context);
    return {
      setup: [
        "How long it takes from asking for one until it has run its first step: a promise's " +
        "callback; a function of the C library on a thread of pthread_create(3); a Worker's first " +
        "message; the end of true(1); the ready line of 'ktcp echo'. One after the other: " +
        `${formatCount(counts.promises)} promises, ${formatCount(counts.threads)} threads, ` +
        `${counts.workers} Workers, ${counts.processes} of true(1) a run.`,
        ...(typeof threads === "string" ? [`Without native threads: ${threads}.`] : []),
        "Memory: what the JavaScript heap (promises) or the resident memory of the process " +
        "(threads, Workers) grew by for each, while all were there; of a process, its own pages " +
        "and its part of shared ones (Pss), for true(1) that of a sleep(1).",
      ],
      variants,
      drawings: [
        { kind: "bars", title: "Until it runs", figure: "createUs", groups: [GROUP] },
        { kind: "bars", title: "Memory of each", figure: "memoryBytes", groups: [GROUP] },
      ],
      findings: conclude(variants),
    };
  },
};

function spec(label: string, run: () => Promise<FigureValues>): VariantSpec {
  return { group: GROUP, label, run: async () => ({ figures: await run(), failed: 0 }) };
}

/** Threads of the C library; a string says why there are none. */
function nativeThreads(): NativeThreads | string {
  if (Deno.build.os !== "linux") return "this system is not Linux";
  try {
    return new NativeThreads();
  } catch (error) {
    if (error instanceof LibcError) return error.message;
    throw error;
  }
}

/** `memoryBytes`, if it could be measured: garbage collection in between can hide it. */
function memoryFigure(bytes: number): FigureValues {
  return bytes > 0 ? { memoryBytes: bytes } : {};
}

/**
 * The median of times in milliseconds, which a single interruption does not affect; in
 * microseconds.
 */
function medianUs(timesMs: readonly number[]): number {
  return 1000 * median(timesMs);
}

async function promises(count: number): Promise<FigureValues> {
  const startMs = performance.now();
  for (let i = 0; i < count; i++) await Promise.resolve();
  const createUs = (performance.now() - startMs) * 1000 / count;
  const before = Deno.memoryUsage().heapUsed;
  const pending = Array.from({ length: count }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    promise.then(() => {});
    return resolve;
  });
  const bytes = (Deno.memoryUsage().heapUsed - before) / count;
  for (const resolve of pending) resolve();
  return { createUs, ...memoryFigure(bytes) };
}

function nativeThread(threads: NativeThreads, count: number): FigureValues {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    threads.runOne();
    times.push(performance.now() - startMs);
  }
  const createUs = medianUs(times);
  const before = residentBytes(Deno.pid);
  try {
    for (let i = 0; i < count; i++) threads.addWaiting();
    return { createUs, ...memoryFigure((residentBytes(Deno.pid) - before) / count) };
  } finally {
    threads.end();
  }
}

async function workers(count: number): Promise<FigureValues> {
  const before = residentBytes(Deno.pid);
  const alive: Worker[] = [];
  const times: number[] = [];
  try {
    for (let i = 0; i < count; i++) {
      const startMs = performance.now();
      const worker = new Worker(new URL("./spawn_worker.ts", import.meta.url), {
        type: "module",
        deno: { permissions: "none" },
      });
      alive.push(worker);
      await new Promise<void>((resolve, reject) => {
        worker.onmessage = () => resolve();
        worker.onerror = ({ message }) => reject(new Error(`A Worker does not start: ${message}`));
      });
      times.push(performance.now() - startMs);
    }
    const createUs = medianUs(times);
    return { createUs, ...memoryFigure((residentBytes(Deno.pid) - before) / count) };
  } finally {
    for (const worker of alive) worker.terminate();
  }
}

async function processes(count: number): Promise<FigureValues> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    await new Deno.Command("true", { stdin: "null", stdout: "null", stderr: "null" }).output();
    times.push(performance.now() - startMs);
  }
  const createUs = medianUs(times);
  await using waiting = new Process(["sleep", "60"]);
  return { createUs, ...memoryFigure(proportionalBytes(waiting.pid)) };
}

async function engineProcess({ host }: LabContext): Promise<FigureValues> {
  const startMs = performance.now();
  const server = await host.start("echo", ["--model", "single"]);
  try {
    const createUs = (performance.now() - startMs) * 1000;
    return { createUs, ...memoryFigure(proportionalBytes(server.pid)) };
  } finally {
    await server.stop();
  }
}

function conclude(variants: VariantResult[]): Finding[] {
  const find = (label: string) => variants.find((variant) => variant.label === label);
  const worker = find(WORKER);
  return [
    ...finding(find(THREAD), find(PROMISE), "createUs", {
      meaning: {
        higher: "A promise is an object on a heap; a thread is something that the kernel " +
          "schedules, with a stack.",
      },
    }),
    ...finding(worker, find(THREAD), "createUs", {
      meaning: {
        higher: "A Worker is a thread with a JavaScript engine of its own in it: its heap, its " +
          "built-in objects, its event loop.",
      },
    }),
    ...finding(worker, find(THREAD), "memoryBytes"),
    ...finding(find(ENGINE), worker, "createUs", {
      meaning: {
        higher: "A process starts the runtime and loads its code as well, which Workers share.",
      },
    }),
    ...scale(find(THREAD), worker),
  ];
}

/** The consequence for `--model per-connection`, in this machine's figures. */
function scale(thread: VariantResult | undefined, worker: VariantResult | undefined): Finding[] {
  const { verdict, ratio } = compare(worker, thread, "createUs");
  const { createUs, memoryBytes } = worker?.spreads ?? {};
  if (verdict === "unmeasured" || !createUs || !memoryBytes) return [];
  return [{
    text: `So 'ktcp http --model per-connection' pays ${formatLatency(createUs.median)} and ` +
      `${formatBytes(memoryBytes.median)} for a connection, ${factor(ratio)} times a thread's ` +
      "time. khttpd paid a kernel thread, which is of a native thread's order: its reports saw " +
      "a pool win by 1.8 to 4.6, and what lab models measures is that lesson with a Worker's " +
      "price in it.",
    about: "per-connection's price",
    verdict,
    ratio,
  }];
}
