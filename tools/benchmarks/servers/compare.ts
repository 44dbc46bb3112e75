/**
 * Compares servers under the same loads.
 *
 * Every server runs on one core, the client (wrk) on another. A round measures each load with each
 * server, in a new random order; the table shows the medians over the rounds, and beside them their
 * ratios to the baseline's. Servers that are not installed and engines that this machine does not
 * allow are left out, with a note.
 */
import { Command } from "commander";
import { count } from "../../../cli/shared/options.ts";
import { type Contender, outputOf } from "./contender.ts";
import { ENGINE_NAMES } from "./engines.ts";
import {
  type MeasuredRow,
  measuredRow,
  measurement,
  printMeasurement,
} from "../shared/measurement.ts";
import { freePort } from "../../../system/address.ts";
import type { Process } from "../../../system/process.ts";
import { treeCpuUs } from "../../../system/process_usage.ts";
import { start } from "./process.ts";
import { wrk } from "./wrk.ts";

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

/** The load on the servers. */
export interface Load {
  name: string;
  /** The path that is requested. */
  path: string;
  connections: number;
  /** Requests that a connection sends at once. */
  pipeline?: number;
  /** Length of the content, if few responses may be complete within a run: then bytes are counted. */
  contentBytes?: number;
}

/** Figures of a server under a load. */
export interface Figures {
  requestsPerSecond: number;
  bytesPerSecond: number;
  /** CPU time of all processes of the server. */
  cpuUsPerRequest: number | null;
  p99Us: number | null;
  errors: number;
}

/** Options that every comparison has. */
export interface CompareFlags {
  rounds: number;
  seconds: number;
  engines: string[];
  servers?: string[];
  baseline: string;
  json?: boolean;
}

interface Running {
  name: string;
  process: Process;
  url: string;
}

/** With fewer complete responses, requests are computed from the bytes received. */
const FEW_REQUESTS = 100;

/** The values of an option, separated by commas. */
export function list(text: string): string[] {
  return text.split(",");
}

/**
 * A command `name` with the options that every comparison has.
 *
 * @param defaults the default engines, and the server that the others are compared with
 */
export function compareCommand(
  name: string,
  { description, ...defaults }: { description: string; engines: string[]; baseline: string },
): Command {
  return new Command(name)
    .description(description)
    .addOption(count("--rounds", "rounds; the medians are shown", { max: 100, default: 5 }))
    .addOption(count("--seconds", "seconds of each measurement", { max: 60, default: 1 }))
    .option("--engines <list>", `those of ktcp, of ${ENGINE_NAMES}`, list, defaults.engines)
    .option("--baseline <server>", "whose figures are 1.00", defaults.baseline)
    .option("--servers <list>", "which servers, separated by commas (default: all)", list)
    .option("--json", "print one JSON document, with the range of the rounds and the machine");
}

/** Ends the program with a usage error, unless all `names` are known. */
export function checkNames(
  option: string,
  { names, known }: { names: readonly string[]; known: readonly string[] },
): void {
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  console.error(`Option '${option}': '${unknown}' is not one of ${known.join(", ")}`);
  Deno.exit(2);
}

/** What a contender may be called: its name, or the part before the parentheses. */
function namesOf({ name }: Contender): string[] {
  return [name, name.replace(/ \(.*/, "")];
}

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

async function measure(
  { process, url }: Running,
  load: Load,
  options: { seconds: number; scratch: string },
): Promise<Figures> {
  const before = treeCpuUs(process.pid);
  const result = await wrk(url + load.path, { ...options, ...load, core: CLIENT_CORE });
  const used = treeCpuUs(process.pid) - before;
  const requests = load.contentBytes === undefined || result.requests >= FEW_REQUESTS
    ? result.requests
    : result.bytes / load.contentBytes;
  return {
    requestsPerSecond: requests / result.seconds,
    bytesPerSecond: result.bytes / result.seconds,
    cpuUsPerRequest: requests > 0 ? used / requests : null,
    // wrk times nothing when requests are pipelined.
    p99Us: result.requests > 0 && load.pipeline === undefined ? result.p99Us : null,
    errors: result.errors,
  };
}

/** The figures of all rounds of the server `name`. */
function rowOf(load: string, name: string, all: readonly Figures[]): MeasuredRow {
  return measuredRow(load, name, {
    requestsPerSecond: all.map((run) => run.requestsPerSecond),
    bytesPerSecond: all.map((run) => run.bytesPerSecond),
    cpuUsPerRequest: all.map((run) => run.cpuUsPerRequest),
    p99Us: all.map((run) => run.p99Us),
    errors: all.map((run) => run.errors),
  });
}

/** Starts those contenders that are asked for, installed and allowed. */
async function startAll(
  contenders: readonly Contender[],
  { running, path, names, scratch }: {
    running: Running[];
    path: string;
    names: string[] | undefined;
    scratch: string;
  },
): Promise<void> {
  for (const contender of contenders) {
    if (!namesOf(contender).some((name) => names?.includes(name) ?? true)) continue;
    const { name } = contender;
    const version = contender.version();
    console.error(`${name}: ${version ?? "not installed, left out"}`);
    if (version === undefined) continue;
    const refusal = await contender.refusal?.();
    if (refusal !== undefined) {
      console.error(`${name}: left out: ${refusal}`);
      continue;
    }
    const port = freePort();
    const url = `http://127.0.0.1:${port}`;
    const command = contender.command({ port, scratch });
    const process = await start(command, { url: url + path, core: SERVER_CORE });
    running.push({ name, process, url });
  }
}

/**
 * Compares `contenders` under `loads` and prints the table.
 *
 * @param task the name of the task that does it
 * @param scratch a directory for files of the comparison
 */
export async function compare(
  { task, contenders, loads, scratch }: {
    task: string;
    contenders: readonly Contender[];
    loads: readonly Load[];
    scratch: string;
  },
  flags: CompareFlags,
): Promise<void> {
  const known = [...new Set(contenders.flatMap(namesOf))];
  checkNames("--servers", { names: flags.servers ?? [], known });
  checkNames("--baseline", { names: [flags.baseline], known: contenders.map(({ name }) => name) });
  for (const tool of ["wrk", "taskset"]) {
    if (outputOf(tool, "--version") !== undefined) continue;
    console.error(`'${tool}' is not installed; try 'apt-get install wrk util-linux'`);
    Deno.exit(1);
  }
  const running: Running[] = [];
  try {
    const [{ path }] = loads;
    await startAll(contenders, { running, path, names: flags.servers, scratch });
    const runs = new Map(
      loads.map(({ name }) => [name, new Map(running.map((one) => [one.name, [] as Figures[]]))]),
    );
    for (let round = 1; round <= flags.rounds; ++round) {
      console.error(`round ${round} of ${flags.rounds}`);
      for (const load of loads) {
        for (const server of shuffled(running)) {
          const figures = await measure(server, load, { seconds: flags.seconds, scratch });
          runs.get(load.name)!.get(server.name)!.push(figures);
        }
      }
    }
    const rows = [...runs].flatMap(([load, servers]) =>
      [...servers].map(([name, all]) => rowOf(load, name, all))
    );
    const result = measurement(task, { subject: "server", baseline: flags.baseline, rows });
    printMeasurement(result, flags);
  } finally {
    for (const { process } of running) await process.stop();
  }
}

/** Runs `use` with a scratch directory that servers of other users can read. */
export async function withScratch(use: (scratch: string) => Promise<void>): Promise<void> {
  const scratch = await Deno.makeTempDir({ prefix: "ktcp-bench-" });
  try {
    // Workers of other users (nginx started by root) have to get in.
    await Deno.chmod(scratch, 0o755);
    await use(scratch);
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}
