/** `ktcp bench`: the echo latency benchmark. */
import { Command, Option } from "commander";
import { type EchoOutcome, runEcho } from "../../bench/echo/echo.ts";
import { DEFAULT_PLAN, defaultWorkers, type EchoPlan } from "../../bench/echo/plan.ts";
import { MAX_SAMPLES } from "../../bench/echo/tallies.ts";
import { type Check, checkLimits, limitsWarning, type LoadPlan } from "../../bench/load/limits.ts";
import { benchText, histogramText } from "../../bench/report/text.ts";
import type { LiveSubject } from "../../bench/report/live.ts";
import { formatAmount, formatBytes, formatCount } from "../../system/units.ts";
import { type BenchResult, benchResult, compressAll } from "../../bench/result.ts";
import { summarize } from "../../bench/stats/summary.ts";
import { withNotes } from "../shared/help.ts";
import {
  addOptionGroups,
  count,
  DEFAULT_HOST,
  DEFAULT_PORT,
  duration,
  file,
  path,
  port,
  size,
} from "../shared/options.ts";
import type { ClientEngine } from "../../bench/load/engine.ts";
import {
  type ClientEngineChoice,
  clientEngineFor,
  clientEngineOption,
} from "../shared/client_engine.ts";
import { COMPARE_OPTIONS, type CompareFlags, compareRuns } from "../shared/compare.ts";
import { checkFiles, type FileOptions, writeFiles } from "./files.ts";
import { startOwnServer } from "./server.ts";
import { tryFirstEcho } from "./first_echo.ts";
import { type BenchServer, findServer, startCommand, type TargetOptions } from "./target.ts";
import { Failure, UsageError } from "../shared/failure.ts";
import { onInterrupt, STOP_SIGNALS } from "../shared/interrupt.ts";
import { outputWidth, printJson, printJsonLine, printNote, printResult } from "../shared/output.ts";
import { isLocal, noteRemote } from "../shared/remote.ts";
import { noteLateStart, startAtOption } from "../shared/start_at.ts";
import { VERSION } from "../shared/version.ts";
import { checkSample, startWatch, WATCH_OPTIONS, type WatchFlags } from "../shared/watch.ts";
import { formatAddress, formatHostPort } from "../../system/address.ts";

interface BenchOptions extends TargetOptions, FileOptions, WatchFlags, CompareFlags {
  threads: number;
  rounds: number;
  messages: number;
  size: number;
  message?: string;
  think: number;
  rate?: number;
  warmup: number;
  startAt?: number;
  timeout: number;
  engine: ClientEngineChoice;
  workers?: number;
  acceptPadding?: boolean;
}

/** The options, with the engine that was chosen. */
type PlannedOptions = BenchOptions & { engine: ClientEngine };

/** The longest message, 1 GiB: the engines hold lengths in 32 bits. */
const MAX_MESSAGE_BYTES = 2 ** 30;

/** A shorter accept queue is not worth proposing; see listen(2) and net.core.somaxconn. */
const MIN_BACKLOG = 1024;

/** The server that is measured unless another one is named. */
const DEFAULT_NAME = formatHostPort(DEFAULT_HOST, DEFAULT_PORT.echo);

/** Builds the command; its exit code is 1 when an echo failed. */
export function command(): Command {
  const { threads, rounds, messages, sizeBytes } = DEFAULT_PLAN;
  const bench = new Command("bench")
    .description(
      "Measures the latency of an echo server: clients wait at a barrier, are released together, " +
        "connect, send, compare what comes back with what they sent, and close; round after " +
        `round. With no server named and none on ${DEFAULT_NAME}, it starts ktcp's own.`,
    );
  addOptionGroups(bench, {
    "Common options": [
      new Option("-H, --host <host>", "server's address or name").default(undefined, DEFAULT_HOST),
      port("-p, --port", "server's port", { unset: String(DEFAULT_PORT.echo) }),
      path("--unix", "server's Unix domain socket"),
      count("-t, --threads", "logical clients, all connected at once", {
        max: 1_000_000,
        default: threads,
      }),
      count("-r, --rounds", "rounds; each client connects anew", {
        max: 1_000_000,
        default: rounds,
      }),
      count("-m, --messages", "messages per connection", {
        max: 1_000_000_000,
        default: messages,
      }),
      size("-s, --size", "bytes of a message", {
        min: 1,
        max: MAX_MESSAGE_BYTES,
        default: sizeBytes,
      }),
    ],
    "Load": [
      count(
        "--rate",
        "open loop: this many messages per second over all clients, latency from the intended start",
        { max: 10_000_000 },
      ),
      duration("--think", "pause between the messages of a connection", {
        default: DEFAULT_PLAN.thinkMs,
      }),
      count("--warmup", "rounds that are not counted", {
        min: 0,
        max: 1_000_000,
        default: DEFAULT_PLAN.warmupRounds,
      }),
      startAtOption("the counted rounds start"),
      duration("--timeout", "for each connect, and for each echo", {
        isPositive: true,
        default: DEFAULT_PLAN.timeoutMs,
      }),
      new Option("--message <text>", "send this text instead of messages that all differ"),
      new Option(
        "--accept-padding",
        "accept what a server sends after each echo (padding, repetition) without comparing it",
      ),
    ],
    "Threads and engines": [
      clientEngineOption(),
      count("--workers", "Web Workers for the clients", { max: 1024, unset: "half the cores" }),
    ],
    "Results": [
      new Option("--json", "print one JSON document"),
      file("--plot", "draw scatter, CDF, spectrum and percentiles (.svg or .png)"),
      file("--csv", `write every sample, at most ${formatCount(MAX_SAMPLES)}`),
      file("--output", "write client index and mean echo latency (µs), as bench.txt"),
      file("--gnuplot", "write a gnuplot script that plots --output"),
      ...WATCH_OPTIONS,
    ],
    "Comparison": COMPARE_OPTIONS,
  });
  return withNotes(bench, {
    exit: {
      1: "an echo failed, or the server cannot be reached",
      130: "Ctrl-C, SIGTERM or SIGHUP: the figures so far are printed",
    },
    examples: [
      ["ktcp bench --threads 100 --messages 10", "100 clients, 10 messages on each connection"],
      [
        "ktcp bench --port 7 --output bench.txt --gnuplot bench.gp && gnuplot bench.gp",
        "measure port 7, and plot the clients",
      ],
      [
        "ktcp bench --rate 5000 --rounds 1 --messages 20 --plot open.svg",
        "5,000 messages a second, whatever the server's pace",
      ],
      ["ktcp bench --compare before.json after.json", "the effect of a change"],
    ],
  })
    .action(run);
}

async function run(options: BenchOptions): Promise<void> {
  if (options.compare || options.with) return await compareRuns(options);
  checkOptions(options);
  checkSample(options);
  checkFiles(filesOf(options));
  const engine = await clientEngineFor(options.engine);
  const server = await findServer(options, {
    startOwn: () => startOwnServer(options.threads),
  });
  try {
    await measure({ ...options, engine }, server);
  } finally {
    await server.stop();
  }
}

/** Runs the benchmark against `server` and reports. */
async function measure(options: PlannedOptions, server: BenchServer): Promise<void> {
  const plan = planOf(options, server);
  noteRemote("bench", [{ host: options.host ?? DEFAULT_HOST, addresses: [plan.target] }]);
  const limits = checkPlan(plan, server);
  if (server.selfStarted) {
    printNote(
      `no server listens on ${DEFAULT_NAME}: measuring ktcp's own echo server on ` +
        formatAddress(server.target),
    );
  } else {
    const acceptsPadding = options.acceptPadding ?? false;
    plan.paddingBytes = await tryFirstEcho(plan.target, { ...plan, acceptsPadding });
  }
  const interrupt = onInterrupt(STOP_SIGNALS);
  const total = plan.threads * plan.rounds * plan.messages;
  const watch = await startWatch(subjectOf(plan, total), {
    ...options,
    heat: options.plot !== undefined,
    isShown: true,
  });
  let outcome: EchoOutcome;
  try {
    outcome = await runEcho(plan, {
      keepSamples: options.csv !== undefined,
      signal: interrupt.signal,
      onInterval: watch.onInterval,
      intervalMs: watch.intervalMs,
    });
  } finally {
    watch.stop();
  }
  const result = resultOf(plan, { server, limits, outcome });
  if (options.json) {
    const print = options.sample === undefined ? printJson : printJsonLine;
    print({ ...result, hdrLog: options.hdrLog });
  } else {
    const width = outputWidth();
    printResult(`${benchText(result, width)}\n\n${histogramText(outcome.echoUs, width)}`);
  }
  watch.close();
  const { title } = subjectOf(plan, total);
  await writeFiles(filesOf(options), { result, outcome, heat: watch.heat, title });
  explain(plan, result, outcome);
  noteLateStart("bench", options.startAt, outcome.startedMs);
  if (interrupt.signal.aborted) {
    printNote(
      `interrupted after ${formatCount(result.attempted)} of ${
        formatAmount(total, "echo", "echoes")
      }`,
    );
    Deno.exitCode = 130;
  } else Deno.exitCode = result.failed > 0 || outcome.aborted ? 1 : 0;
  interrupt.dispose();
}

/** @throws {UsageError} for options that exclude each other, or ask for too much */
function checkOptions(options: BenchOptions): void {
  const { threads, rounds, messages, rate, think, message, csv, workers } = options;
  if (rate !== undefined && think > 0) {
    throw new UsageError(`--rate '${rate}' excludes --think: it says when each message starts`);
  }
  if (message === "") throw new UsageError("--message '' is empty; write at least one character");
  if (workers !== undefined && workers > threads) {
    throw new UsageError(`--workers '${workers}' is more than the ${threads} of --threads`);
  }
  const echoes = threads * rounds * messages;
  if (csv !== undefined && echoes > MAX_SAMPLES) {
    throw new UsageError(
      `--csv '${csv}' would keep ${formatCount(echoes)} samples, at most ` +
        `${formatCount(MAX_SAMPLES)} are possible; lower --threads, --rounds or --messages`,
    );
  }
  if (!Number.isSafeInteger(echoes)) {
    throw new UsageError(`--messages '${messages}' times --threads times --rounds is too much`);
  }
}

function planOf(options: PlannedOptions, server: BenchServer): EchoPlan {
  const { threads, rounds, messages, size, message } = options;
  const text = message === undefined ? undefined : new TextEncoder().encode(message);
  return {
    target: server.target,
    threads,
    rounds,
    warmupRounds: options.warmup,
    messages,
    sizeBytes: text?.length ?? size,
    text,
    thinkMs: options.think,
    ratePerSecond: options.rate ?? null,
    startAtMs: options.startAt,
    timeoutMs: options.timeout,
    engine: options.engine,
    workers: options.workers ?? defaultWorkers(threads, navigator.hardwareConcurrency),
  };
}

/**
 * Checks the plan against the limits of the system, and warns of those that would slow it down.
 *
 * @throws {Failure} when that many connections cannot be open at once
 */
function checkPlan(plan: EchoPlan, server: BenchServer): Check[] {
  const load: LoadPlan = {
    connections: plan.threads,
    server: server.selfStarted ? "self" : isLocal(plan.target) ? "local" : "remote",
    closedPerMinute: plan.threads * (plan.rounds + plan.warmupRounds),
    unix: "path" in plan.target,
  };
  const checks = checkLimits(load);
  const atOnce = ["ulimit -n", "net.ipv4.ip_local_port_range"];
  const impossible = checks.find(({ name, ok }) => !ok && atOnce.includes(name));
  if (impossible) {
    const { name, value, needed, fix } = impossible;
    throw new Failure(
      `Cannot connect --threads ${plan.threads} clients at once: ${name} is ${value}, ${needed} ` +
        `needed; raise it with '${fix}' or lower --threads`,
    );
  }
  const warning = limitsWarning(load, checks);
  if (warning) printNote(`ktcp bench: ${warning}`);
  return checks;
}

function resultOf(
  plan: EchoPlan,
  run: { server: BenchServer; limits: Check[]; outcome: EchoOutcome },
): BenchResult {
  const { tallies, kernel, startedMs, seconds, connectUs, echoUs } = run.outcome;
  return benchResult(VERSION, {
    target: formatAddress(plan.target),
    selfStarted: run.server.selfStarted,
    engine: plan.engine,
    threads: plan.threads,
    rounds: plan.rounds,
    messages: plan.messages,
    messageBytes: plan.sizeBytes,
    ratePerSecond: plan.ratePerSecond,
    ok: tallies.ok,
    failures: tallies.failures,
    startedMs,
    seconds,
    connectUs: summarize(connectUs),
    echoUs: summarize(echoUs),
    kernel: {
      synRetransmits: kernel?.synRetransmits ?? null,
      listenOverflows: kernel?.listenOverflows ?? null,
    },
    clients: tallies.clients(),
    limits: run.limits,
    hdr: compressAll({ connectUs, echoUs }),
  });
}

/** Explains on stderr what the counts alone do not say. */
function explain(plan: EchoPlan, result: BenchResult, { mismatch, aborted }: EchoOutcome): void {
  if (mismatch) printNote(`ktcp bench: first mismatch: ${mismatch}`);
  if (aborted) {
    // EMFILE and EADDRNOTAVAIL: the check before the run cannot know what else takes files and ports.
    const isLimit = /\(os error (24|99)\)/.test(aborted);
    const hint = isLimit ? `; see 'ktcp doctor --threads ${result.threads}'` : "";
    printNote(`ktcp bench: ${aborted}${hint}`);
  }
  const { failures, attempted, target } = result;
  if (attempted > 0 && failures.refused === attempted) {
    const start = startCommand(plan.target);
    printNote(`ktcp bench: no server listens on ${target}; start one there with '${start}'`);
  } else if (!result.selfStarted) explainBacklog(result);
}

/** Explains lost handshakes and resets. */
function explainBacklog({ kernel, failures, threads }: BenchResult): void {
  const signs = [
    [kernel.listenOverflows, "overflow of an accept queue", "overflows of an accept queue"],
    [kernel.synRetransmits, "SYN sent again", "SYNs sent again"],
    [failures.reset, "connection reset", "connections reset"],
  ] as const;
  const seen = signs.flatMap(([count, one, several]) =>
    count ? [`${formatCount(count)} ${count === 1 ? one : several}`] : []
  );
  if (seen.length === 0) return;
  printNote(
    `ktcp bench: ${seen.join(", ")}: the server does not accept fast enough; start it with ` +
      `--backlog ${Math.max(threads, MIN_BACKLOG)}; see 'ktcp lab backlog'`,
  );
}

/** What the live view, the log and the plots call the load. */
function subjectOf(plan: EchoPlan, total: number): LiveSubject {
  const { target, threads, rounds, messages, sizeBytes } = plan;
  return {
    title: `bench ${formatAddress(target)}, ${formatAmount(threads, "client")} × ` +
      `${formatAmount(rounds, "round")} × ${formatAmount(messages, "message")} of ` +
      formatBytes(sizeBytes),
    unit: "echoes",
    latency: "echo",
    total,
  };
}

function filesOf({ output, csv, plot, gnuplot, hdrLog }: BenchOptions): FileOptions {
  return { output, csv, plot, gnuplot, hdrLog };
}
