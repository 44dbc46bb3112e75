/** ktcp's servers, each in a process of its own. */
import { LOOPBACK } from "../../system/address.ts";
import type { Process } from "../../system/process.ts";
import { dropTimeWait } from "../../system/sockets/port_sockets.ts";
import { lastLineOf, type SelfCommand, StartFailure, startOwnProcess } from "./own_process.ts";
import { untilReady } from "./ready_line.ts";

/** The commands that are servers. */
export type ServerCommand = "echo" | "http" | "original";

/** The final counts of one of ktcp's servers. */
export interface ServerSummary {
  /** Connections accepted. */
  connections: number;
  /** Requests, or pieces of an echo. */
  served: number;
  /** Bytes received. */
  bytesIn: number;
  /** Bytes sent. */
  bytesOut: number;
}

/** A server that was started, in its own process. */
export interface StartedServer {
  /** Its name in tables. */
  name: string;
  /** An address. */
  hostname: string;
  /** Where it listens. */
  port: number;
  /** The server's only process. */
  pid: number;
  /** The same, as a list. */
  pids: readonly number[];
  /** SIGSTOP: stops the process, while the kernel still establishes connections. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /**
   * System calls that it has made for its sockets so far; null if it does not report them. It has
   * to be started with `--stats` and an engine that makes its own calls.
   */
  countCalls(): Promise<number | null>;
  /** Resolves when it has ended, with the last line of its stderr. */
  ended: Promise<{ code: number; lastLine: string }>;
  /** Ends it. @returns its final counts; null if it does not report them */
  stop(): Promise<ServerSummary | null>;
  /** Ends it by a signal; resolves when it has ended */
  end(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions {
  /** How ktcp is started. */
  self: SelfCommand;
  /** Called with each sample, which the server writes as a line of JSON after its ready line. */
  onSample?: (sample: Record<string, unknown>) => void;
}

/** The default `--grace` of these servers: short, because their clients have finished. */
const GRACE = "1s";

/**
 * Starts `ktcp echo`, `ktcp http` or `ktcp original` with `args` on a free port of the loopback
 * address. It ends with this process.
 *
 * @throws {StartFailure} when it does not start
 */
export async function startServer(
  command: ServerCommand,
  args: readonly string[],
  { self, onSample }: ServerOptions,
): Promise<StartedServer> {
  const grace = command === "original" ? [] : ["--grace", GRACE];
  const own = [command, "--host", LOOPBACK, "--port", "0", ...grace, ...args];
  const process = startOwnProcess(self, own, onSample);
  const ready = await untilReady(process);
  if (ready === null) {
    const { code, err } = await process.ended;
    const reason = err.trim() || `it ended with exit code ${code}`;
    throw new StartFailure(`Cannot start 'ktcp ${own.join(" ")}': ${reason}`);
  }
  const { port } = ready;
  return {
    ...serverHandle(process, port),
    name: `ktcp ${command}`,
    stop: async () => {
      await endServer(process, port);
      return parseSummary(process.err);
    },
  };
}

/** Reads the summary that a server of ktcp's prints at its end. */
export function parseSummary(stderr: string): ServerSummary | null {
  const match = /(\d+) connections, (\d+) (?:requests|pieces), (\d+) bytes in, (\d+) bytes out/
    .exec(stderr);
  if (!match) return null;
  const [connections, served, bytesIn, bytesOut] = match.slice(1).map(Number);
  return { connections, served, bytesIn, bytesOut };
}

/** Ends a server, and drops its TIME-WAIT sockets, which would take ports from others. */
export async function endServer(process: Process, port: number): Promise<void> {
  await process.stop();
  dropTimeWait(port);
}

/** How long a server may take to print its table. */
const STATS_MS = 2000;

/** Asks a server that was started with `--stats` for its number of system calls. */
async function countCalls(process: Process): Promise<number | null> {
  process.forgetErr();
  process.signal("SIGUSR2");
  const timer = Promise.withResolvers<null>();
  const timeout = setTimeout(() => timer.resolve(null), STATS_MS);
  // Each line of the table is written at once; the last column is a number with two decimals.
  const table = process.untilErr(/^thread .*\n(?:.*\n)*.*\d\.\d\d\n/m);
  const match = await Promise.race([table, timer.promise]);
  clearTimeout(timeout);
  return match && parseCalls(match[0]);
}

/** The sum of the column `calls` of a `--stats` table; null if there is no such column. */
export function parseCalls(table: string): number | null {
  const [header = [], ...rows] = table.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  const column = header.indexOf("calls");
  if (column < 0) return null;
  return rows.reduce((sum, row) => sum + (Number(row[column]) || 0), 0);
}

/** The handle of a server that runs as `process` and listens on `port`. */
export function serverHandle(
  process: Process,
  port: number,
): Omit<StartedServer, "name" | "stop"> {
  return {
    hostname: LOOPBACK,
    port,
    pid: process.pid,
    pids: [process.pid],
    pause: () => process.signal("SIGSTOP"),
    resume: () => process.signal("SIGCONT"),
    end: async (signal) => {
      process.signal(signal);
      await process.ended;
    },
    countCalls: () => countCalls(process),
    ended: process.ended.then(({ code, err }) => ({ code, lastLine: lastLineOf(err) })),
  };
}
