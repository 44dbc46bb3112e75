/**
 * What `ktcp echo` and `ktcp http` share: their common options, the life of a server between its
 * readiness line and its summary, and the errors of binding.
 */
import { messageOf } from "../../system/message_of.ts";
import { type Command, Option } from "commander";
import { raiseOpenFiles } from "../../bench/load/limits.ts";
import {
  CapacityError,
  type Counters,
  DEFAULT_BACKLOG,
  DEFAULT_ENGINE,
  DEFAULT_MAX_ACTIVE,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_TIMEOUTS,
  dropPermissions,
  type Model,
  MODELS,
  type PartialServerOptions,
  type RunningServer,
  serve,
  sharesMemory,
  sumCounters,
} from "../../servers/mod.ts";
import { ThreadWatch } from "../../servers/models/thread_watch.ts";
import { droppedText, stderr } from "../../system/stderr.ts";
import { count, DEFAULT_HOST, DEFAULT_PORT, duration, parseHost, path, port } from "./options.ts";
import { ENGINE_OPTIONS, type EngineFlags, engineFor } from "./engine.ts";
import { bindFailure } from "./bind_failure.ts";
import { Failure, UsageError } from "./failure.ts";
import { onInterrupt, STOP_SIGNALS } from "./interrupt.ts";
import { printNote, printResult } from "./output.ts";
import { passedSockets } from "./passed_sockets.ts";
import { readyLine } from "../../bench/processes/ready_line.ts";
import { sampleOption } from "./sample.ts";
import { ServerSamples } from "./server_samples.ts";
import { SEND_OPTIONS, type SendFlags, sendOptions } from "./sending.ts";
import type { ServiceManager } from "./service_manager.ts";
import { takeManagerAddress } from "../../system/service_variables.ts";
import { statsTable } from "./serve_stats.ts";
import { type WorkFlags, workOptions } from "./work.ts";
import { WQ_FLAGS_OPTION, type WqFlags, wqFlagsFor } from "./wq_flags.ts";

/** The servers, as their commands are called. */
export type ServerName = "echo" | "http";

/** What they count as a message. */
const MESSAGES = {
  echo: { one: "piece", many: "pieces" },
  http: { one: "request", many: "requests" },
};

/** Values of the options that both servers have. */
export interface ServeFlags extends EngineFlags, SendFlags, WorkFlags, WqFlags {
  port: number;
  host: string;
  unix?: string;
  backlog: number;
  maxConnections: number;
  idleTimeout: number;
  writeTimeout: number;
  grace: number;
  model: Model;
  workers?: number;
  maxActive: number;
  stats?: boolean;
  sample?: number;
  trace?: boolean;
}

/** Where a server listens. */
export function listenOptions(name: ServerName): Option[] {
  return [
    port("-p, --port", "TCP port; 0 lets the system choose", { default: DEFAULT_PORT[name] }),
    new Option("-H, --host <host>", "address to listen on; 0.0.0.0 or :: for all").argParser(
      parseHost,
    ).default(DEFAULT_HOST),
    path("--unix", "listen on a Unix domain socket instead").conflicts(["host", "port"]),
  ];
}

/** Which thread does what, and who waits for the sockets. */
export const THREAD_OPTIONS: readonly Option[] = [
  new Option("--model <name>", "which thread runs which work").choices(MODELS).default(MODELS[0]),
  ...ENGINE_OPTIONS,
  count("--workers", "Workers of model per-core", { max: 256, unset: "one a core" }),
  count(
    "--max-active",
    "work items (shared-pool) or connections (per-connection) in the works at once",
    { max: 2048, default: DEFAULT_MAX_ACTIVE },
  ),
  WQ_FLAGS_OPTION,
];

/** What a server bears of its clients. */
export function limitOptions(name: ServerName): Option[] {
  const { idleMs, writeMs } = DEFAULT_TIMEOUTS[name];
  return [
    count("--max-connections", "open connections at the most; more wait in the accept queue", {
      max: 1_000_000,
      default: DEFAULT_MAX_CONNECTIONS,
    }),
    count("--backlog", "length of the accept queue", { max: 65535, default: DEFAULT_BACKLOG }),
    duration("--idle-timeout", "close a connection that is idle so long; 0: never", {
      default: idleMs,
    }),
    duration(
      "--write-timeout",
      "close a connection that takes nothing of its answer for so long; 0: never",
      { default: writeMs },
    ),
    duration("--grace", "time to finish what is in flight when told to stop", { default: 10_000 }),
  ];
}

/** Shows what a server did. */
export const STATS_OPTION: Option = new Option(
  "--stats",
  "print what each Worker did, at the end and on SIGUSR2",
);

/** The shortest time between two samples of a server: each takes about a millisecond. */
const MIN_SAMPLE_MS = 20;

/** Shows what each connection lived through, for `ktcp play`. No help lists it. */
const TRACE_OPTION: Option = new Option(
  "--trace",
  "print a line of JSON for each connection: all that it lived through",
).hideHelp();

/** What makes a server behave as others do. */
export function experimentOptions(name: ServerName): Option[] {
  return [
    ...workOptions(MESSAGES[name].one),
    ...SEND_OPTIONS,
    sampleOption(MIN_SAMPLE_MS),
    TRACE_OPTION,
  ];
}

/**
 * The part of a server's options that comes from the common flags, and from a service manager.
 *
 * @throws {UsageError} when the engine cannot do what is asked
 * @throws {Failure} when what was passed cannot be listened on
 */
export async function commonServerOptions(
  command: Command,
  given: ServeFlags,
  { isTls = false } = {},
): Promise<
  Omit<PartialServerOptions, "service"> & Required<Pick<PartialServerOptions, "timeouts">>
> {
  const { model, trace } = given;
  if (trace && sharesMemory(model)) {
    throw new UsageError(`--trace is for the models single and per-core, not for ${model}`);
  }
  const passed = await passedSockets(command, { ...given, isTls });
  const flags = { ...given, engine: passed?.engine ?? given.engine };
  return {
    model,
    traces: trace,
    engine: await engineFor(flags, { model, isTls }),
    sending: sendOptions(flags, flags.engine),
    workers: flags.workers,
    maxActive: flags.maxActive,
    wqFlags: wqFlagsFor(flags, flags),
    onNote: printNote,
    listen: {
      hostname: flags.host,
      port: flags.port,
      backlog: flags.backlog,
      ...(passed === undefined ? { path: flags.unix } : { passed: passed.sockets }),
    },
    // The default is lowered to what the system allows without a message.
    maxConnections: flags.maxConnections === DEFAULT_MAX_CONNECTIONS
      ? undefined
      : flags.maxConnections,
    timeouts: { idleMs: flags.idleTimeout, writeMs: flags.writeTimeout },
  };
}

/** The rest of the log has so long where nothing is left of `--grace`. */
const LAST_LOG_MS = 500;

/** What a command adds to the life of its server. */
export interface ServeHooks {
  /** Lets SIGHUP read files again instead of ending the server; says itself how that went. */
  reload?(server: RunningServer): Promise<void>;
  /** What is told on stderr behind the readiness line. */
  readyNote?(server: RunningServer): string | undefined;
}

/** Runs a server from its readiness line to its summary. */
export async function runServer(
  name: ServerName,
  options: PartialServerOptions,
  flags: ServeFlags,
  { readyNote, reload }: ServeHooks = {},
): Promise<void> {
  // A reader of stderr that is slow, or gone, must not delay connections.
  stderr.buffer();
  const manager = await findManager();
  // A manager's reload shall not end what has nothing to read again.
  reload ??= manager &&
    (() => Promise.resolve(printNote(`ktcp ${name}: SIGHUP: nothing to read again`)));
  // Before the readiness line: who reads it may send a signal at once.
  const stopSignals = reload === undefined
    ? STOP_SIGNALS
    : STOP_SIGNALS.filter((signal) => signal !== "SIGHUP");
  const { asked } = onInterrupt(stopSignals, 1);
  const watch = flags.sample === undefined ? undefined : await ThreadWatch.open();
  let server: RunningServer;
  try {
    server = await serve({ ...options, watch });
  } catch (error) {
    if (error instanceof CapacityError) {
      throw new Failure(`${error.message}; raise it with '${raiseOpenFiles(error.needed)}'`);
    }
    const passed = options.listen?.passed?.[0].address;
    if (passed === undefined) throw bindFailure(error, flags);
    throw new Failure(`cannot listen on ${passed}, which was passed: ${messageOf(error)}`);
  }
  if (reload !== undefined) {
    // One after the other.
    let reloaded = Promise.resolve();
    const readAgain = () => reload(server);
    const again = manager === undefined ? readAgain : () => manager.reload(readAgain);
    Deno.addSignalListener("SIGHUP", () => reloaded = reloaded.then(again));
  }
  if (flags.stats) {
    Deno.addSignalListener(
      "SIGUSR2",
      async () => printNote(statsTable((await server.observe()).threads)),
    );
  }
  // May ask the system for what is no longer permitted behind this.
  const note = readyNote?.(server);
  dropPermissions(options);
  try {
    printResult(readyLine(name, server.address));
    if (note !== undefined) printNote(note);
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  const samples = watch && new ServerSamples(server, { watch, everyMs: flags.sample! });
  const { model = "single", engine } = options;
  manager?.ready(
    `Listening on ${server.address} (${name}, ${model}, ${engine?.name ?? DEFAULT_ENGINE.name})`,
    () => server.observe(),
  );
  const failure = await Promise.race([asked, server.failed.catch((error) => error)]);
  const graceMs = failure === undefined ? flags.grace : 0;
  manager?.stopping(graceMs);
  const stopMs = performance.now();
  const cut = await server.stop(graceMs);
  // First the log: the summary counts what it lost.
  await stderr.flush(Math.max(graceMs - (performance.now() - stopMs), LAST_LOG_MS));
  await samples?.end();
  const { threads } = await server.observe();
  if (flags.stats) printNote(statsTable(threads));
  const counters = sumCounters(threads.flatMap(({ counters }) => counters ?? []));
  printNote(`ktcp ${name}: ${summary(name, counters, cut)}`);
  if (failure !== undefined) {
    throw new Failure(`cannot accept connections on ${server.address}: ${messageOf(failure)}`);
  }
}

/** The service manager that asked to be told how this process is. */
async function findManager(): Promise<ServiceManager | undefined> {
  const address = takeManagerAddress();
  if (address === undefined) return undefined;
  const { reachManager } = await import("./service_manager.ts");
  return reachManager(address);
}

function summary(name: ServerName, counters: Counters, cut: number): string {
  const errors = counters.resets + counters.overloads + cut;
  return `${counters.connections} connections, ${counters.served} ${MESSAGES[name].many}, ` +
    `${counters.bytesIn} bytes in, ${counters.bytesOut} bytes out, ` +
    `${counters.timeouts} timeouts, ${errors} errors` +
    (stderr.dropped > 0 ? `, ${droppedText(stderr.dropped)}` : "");
}
