/** Servers for experiments, each in a process of its own: ktcp's, and nginx. */
import type { LabServer, Protocol, ServerSummary } from "../../bench/lab/lab.ts";
import { Failure, messageOf } from "../shared/failure.ts";
import { freePort, LOOPBACK } from "../../system/address.ts";
import { PARENT_VARIABLE } from "../../system/linux/parent_death.ts";
import { Process } from "../../system/process.ts";
import { untilReady } from "../shared/ready_line.ts";
import { NGINX_HELLO, nginxConfig } from "./nginx.ts";
import { dropTimeWait } from "./sockets.ts";
import { selfCommand } from "../shared/self_command.ts";
import { sleep } from "../../system/wait.ts";

/** Characters kept of a server's output: enough for its summary, or why it does not start. */
const KEEP = { keepChars: 4096 };

/** The `--grace` of ktcp's servers, when their experiment is over. */
const GRACE = "1s";

/**
 * Starts `ktcp echo`, `ktcp http` or `ktcp original` on a free port.
 *
 * @throws {Failure} when it does not come up
 */
export async function startOwn(
  command: Protocol | "original",
  args: readonly string[],
): Promise<LabServer> {
  const self = selfCommand();
  const grace = command === "original" ? [] : ["--grace", GRACE];
  const own = [command, "--host", LOOPBACK, "--port", "0", ...grace, ...args];
  let process: Process;
  try {
    const env = { [PARENT_VARIABLE]: `${Deno.pid}` };
    process = new Process([self.path, ...self.args, ...own], { ...KEEP, env });
  } catch (error) {
    throw new Failure(
      `Cannot start '${self.path}' (${messageOf(error)}); KTCP_EXECUTABLE can name ktcp's program`,
    );
  }
  const ready = await untilReady(process);
  if (ready === null) {
    const { code, err } = await process.ended;
    const reason = err.trim() || `it ended with exit code ${code}`;
    throw new Failure(`Cannot start 'ktcp ${own.join(" ")}': ${reason}`);
  }
  const { port } = ready;
  return {
    ...handle(process, port),
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
async function endServer(process: Process, port: number): Promise<void> {
  await process.stop();
  dropTimeWait(port);
}

/** How long a server may take to print its table. */
const STATS_MS = 2000;

/** Asks a server that was started with `--stats` how many system calls it has made. */
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

/** The sum of the column `calls` of a `--stats` table; null without it. */
export function parseCalls(table: string): number | null {
  const [header = [], ...rows] = table.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  const column = header.indexOf("calls");
  if (column < 0) return null;
  return rows.reduce((sum, row) => sum + (Number(row[column]) || 0), 0);
}

function handle(process: Process, port: number) {
  return {
    hostname: LOOPBACK,
    port,
    pid: process.pid,
    pids: [process.pid],
    pause: () => process.signal("SIGSTOP"),
    resume: () => process.signal("SIGCONT"),
    end: async (signal: "SIGTERM" | "SIGKILL") => {
      process.signal(signal);
      await process.ended;
    },
    countCalls: () => countCalls(process),
    ended: process.ended.then(({ code, err }) => ({
      code,
      lastLine: err.trim().split("\n").at(-1) ?? "",
    })),
  };
}

/** Where nginx is; its folder is not on the path of every user. */
const NGINX_PATHS = ["nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"];

/** Attempts to start nginx: the free port that was found may be taken before it listens. */
const NGINX_ATTEMPTS = 3;

/** Between two looks whether it listens. */
const POLL_MS = 20;

/** Starts nginx with a configuration of its own; a text says why it does not run. */
export async function startNginx(): Promise<LabServer | string> {
  let reason = "";
  for (let attempt = 0; attempt < NGINX_ATTEMPTS; attempt++) {
    const folder = await Deno.makeTempDir({ prefix: "ktcp-lab-" });
    const port = freePort();
    const process = await spawnNginx(folder, port);
    if (process === null) {
      await Deno.remove(folder, { recursive: true });
      return "it is not installed";
    }
    const stop = async () => {
      await endServer(process, port);
      await Deno.remove(folder, { recursive: true }).catch(() => {});
      return null;
    };
    if (await isListening(process, port)) {
      return { ...handle(process, port), name: "nginx", stop };
    }
    await stop();
    reason = process.err.trim().split("\n").at(-1) ?? "";
  }
  return `it does not start: ${reason}`;
}

async function spawnNginx(folder: string, port: number): Promise<Process | null> {
  const config = `${folder}/nginx.conf`;
  await Deno.writeTextFile(config, nginxConfig({ folder, port, server: NGINX_HELLO }));
  for (const path of NGINX_PATHS) {
    try {
      return new Process([path, "-e", "stderr", "-p", folder, "-c", config], KEEP);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return null;
}

/** Waits until a server listens on `port`, or `process` ends. */
async function isListening(process: Process, port: number): Promise<boolean> {
  let isOver = false;
  process.ended.then(() => isOver = true);
  while (!isOver) {
    try {
      (await Deno.connect({ hostname: LOOPBACK, port })).close();
      return true;
    } catch {
      await sleep(POLL_MS);
    }
  }
  return false;
}
