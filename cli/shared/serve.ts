/**
 * What `ktcp echo` and `ktcp http` share: their common options, the life of a server between its
 * readiness line and its summary, and the errors of binding.
 */
import { type Command, Option } from "commander";
import { raiseOpenFiles } from "../../bench/load/limits.ts";
import {
  CapacityError,
  type Counters,
  DEFAULT_MAX_ACTIVE,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_TIMEOUTS,
  dropPermissions,
  type Model,
  MODELS,
  type PartialServerOptions,
  type RunningServer,
  serve,
  sumCounters,
} from "../../servers/mod.ts";
import { droppedText, stderr } from "../../system/stderr.ts";
import {
  formatDuration,
  integerBetween,
  parseDuration,
  parseHost,
  parsePath,
  parsePort,
} from "./args.ts";
import { isHangupIgnored } from "../../system/linux/signals.ts";
import { bindFailure } from "./bind_failure.ts";
import { Failure, messageOf } from "./failure.ts";
import { printNote, printResult } from "./output.ts";
import { statsTable } from "./serve_stats.ts";
import { readyLine } from "./ready_line.ts";

/** Values of the options that both servers have. */
export interface ServeFlags {
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
}

/** Adds the options that both servers have. */
export function addServeOptions(
  command: Command,
  defaults: { port: number; idleTimeoutMs: number },
): Command {
  return command
    .option("-p, --port <port>", "TCP port; 0 lets the system choose", parsePort, defaults.port)
    .option(
      "-H, --host <address>",
      "address to listen on; 0.0.0.0 or :: for all",
      parseHost,
      "127.0.0.1",
    )
    .addOption(
      new Option("--unix <path>", "listen on a Unix domain socket instead").argParser(parsePath)
        .conflicts(["host", "port"]),
    )
    .addOption(
      new Option("--model <name>", "which thread runs which work").choices(MODELS)
        .default(MODELS[0]),
    )
    .option(
      "--workers <n>",
      "Workers of model per-core (default: one a core)",
      integerBetween(1, 256),
    )
    .option(
      "--max-active <n>",
      "work items (shared-pool) or connections (per-connection) in the works at once",
      integerBetween(1, 2048),
      DEFAULT_MAX_ACTIVE,
    )
    .option("--stats", "print what each Worker did, at the end and on SIGUSR2")
    .option("--backlog <n>", "length of the accept queue", integerBetween(1, 65535), 128)
    .option(
      "--max-connections <n>",
      "open connections at the most; more wait in the accept queue",
      integerBetween(1, 1_000_000),
      DEFAULT_MAX_CONNECTIONS,
    )
    .addOption(
      durationOption(
        "--idle-timeout",
        "close a connection that is idle so long; 0: never",
        defaults.idleTimeoutMs,
      ),
    )
    .addOption(
      durationOption(
        "--write-timeout",
        "close a connection that takes nothing of its answer for so long; 0: never",
        DEFAULT_TIMEOUTS.writeMs,
      ),
    )
    .addOption(
      durationOption("--grace", "time to finish what is in flight when told to stop", 10_000),
    );
}

/** An option whose value is a duration. */
export function durationOption(flag: string, text: string, defaultMs: number): Option {
  return new Option(`${flag} <duration>`, text).argParser(parseDuration)
    .default(defaultMs, formatDuration(defaultMs));
}

/** The part of a server's options that comes from the common flags. */
export function commonServerOptions(
  flags: ServeFlags,
): Omit<PartialServerOptions, "service"> & Required<Pick<PartialServerOptions, "timeouts">> {
  return {
    model: flags.model,
    workers: flags.workers,
    maxActive: flags.maxActive,
    onNote: printNote,
    listen: { hostname: flags.host, port: flags.port, backlog: flags.backlog, path: flags.unix },
    // The default is lowered to what the system allows without a message.
    maxConnections: flags.maxConnections === DEFAULT_MAX_CONNECTIONS
      ? undefined
      : flags.maxConnections,
    timeouts: { idleMs: flags.idleTimeout, writeMs: flags.writeTimeout },
  };
}

/** How long a repeated signal counts as the same Ctrl-C: `deno task` forwards what all got. */
const SAME_SIGNAL_MS = 200;

/** Resolves at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once. */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const isIgnored = isHangupIgnored();
    const onSignal = () => {
      if (firstMs === undefined) {
        firstMs = performance.now();
        resolve(undefined);
      } else if (performance.now() - firstMs > SAME_SIGNAL_MS) Deno.exit(1);
    };
    Deno.addSignalListener("SIGINT", onSignal);
    Deno.addSignalListener("SIGTERM", onSignal);
    Deno.addSignalListener("SIGHUP", isIgnored ? () => {} : onSignal);
  });
}

/** The rest of the log has so long where nothing is left of `--grace`. */
const LAST_LOG_MS = 500;

/** Runs a server from its readiness line to its summary. */
export async function runServer(
  name: "echo" | "http",
  options: PartialServerOptions,
  flags: ServeFlags,
): Promise<void> {
  // A reader of stderr that is slow, or gone, must not delay connections.
  stderr.buffer();
  // Before the readiness line: who reads it may send a signal at once.
  const stopped = stopSignal();
  let server: RunningServer;
  try {
    server = await serve(options);
  } catch (error) {
    if (error instanceof CapacityError) {
      throw new Failure(`${error.message}; raise it with '${raiseOpenFiles(error.needed)}'`);
    }
    throw bindFailure(error, flags);
  }
  if (flags.stats) {
    Deno.addSignalListener(
      "SIGUSR2",
      async () => printNote(statsTable(await server.reports())),
    );
  }
  dropPermissions(options);
  try {
    printResult(readyLine(name, server.address));
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  const failure = await Promise.race([stopped, server.failed.catch((error) => error)]);
  const graceMs = failure === undefined ? flags.grace : 0;
  const stopMs = performance.now();
  const cut = await server.stop(graceMs);
  // First the log: the summary counts what it lost.
  await stderr.flush(Math.max(graceMs - (performance.now() - stopMs), LAST_LOG_MS));
  const reports = await server.reports();
  if (flags.stats) printNote(statsTable(reports));
  const counters = sumCounters(reports.flatMap((report) => report.counters ?? []));
  printNote(`ktcp ${name}: ${summary(name, counters, cut)}`);
  if (failure !== undefined) {
    throw new Failure(`cannot accept connections on ${server.address}: ${messageOf(failure)}`);
  }
}

function summary(name: "echo" | "http", counters: Counters, cut: number): string {
  const what = name === "http" ? "requests" : "pieces";
  const errors = counters.resets + counters.overloads + cut;
  return `${counters.connections} connections, ${counters.served} ${what}, ` +
    `${counters.bytesIn} bytes in, ${counters.bytesOut} bytes out, ` +
    `${counters.timeouts} timeouts, ${errors} errors` +
    (stderr.dropped > 0 ? `, ${droppedText(stderr.dropped)}` : "");
}
