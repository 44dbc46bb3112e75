/**
 * Compares static file servers: `deno task bench:files`.
 *
 * Every server runs on one core, the client (wrk) on another. A round measures each size with each
 * server, in an order that is drawn anew; the table shows the medians over the rounds. What is not
 * installed is left out, and said so.
 */
import { Command } from "commander";
import { integerBetween } from "../cli/args.ts";
import { formatBytes, formatCount, formatLatency } from "../bench/report/units.ts";
import { cpuUs, freePort, start } from "./bench_files/process.ts";
import { type Contender, CONTENDERS, outputOf } from "./bench_files/servers.ts";
import { wrk } from "./bench_files/wrk.ts";

const SERVER_CORE = 0;
const CLIENT_CORE = 1;

const SIZES: Record<string, number> = {
  "1k": 1024,
  "16k": 16 * 1024,
  "100k": 100 * 1024,
  "1m": 1024 ** 2,
  "100m": 100 * 1024 ** 2,
};

/** Figures of a server with files of one size. */
interface Figures {
  requestsPerSecond: number;
  bytesPerSecond: number;
  /** Of the server, all its processes. */
  cpuUsPerRequest: number | null;
  p99Us: number | null;
  errors: number;
}

interface Running {
  contender: Contender;
  process: Deno.ChildProcess;
  url: string;
}

interface Flags {
  rounds: number;
  seconds: number;
  connections: number;
  sizes: string[];
  servers?: string[];
  json?: boolean;
}

function list(text: string): string[] {
  return text.split(",");
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, key: Math.random() })).sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

async function measure(
  { process, url }: Running,
  size: string,
  options: { connections: number; seconds: number; scratch: string },
): Promise<Figures> {
  const before = cpuUs(process.pid);
  const result = await wrk(`${url}/${size}.bin`, { ...options, core: CLIENT_CORE });
  const used = cpuUs(process.pid) - before;
  // A large file may not have come to its end once: then the bytes count.
  const requests = result.requests >= 100 ? result.requests : result.bytes / SIZES[size];
  return {
    requestsPerSecond: requests / result.seconds,
    bytesPerSecond: result.bytes / result.seconds,
    cpuUsPerRequest: requests > 0 ? used / requests : null,
    p99Us: result.requests > 0 ? result.p99Us : null,
    errors: result.errors,
  };
}

/** The median of those runs that have the figure. */
function medianOf(runs: readonly Figures[], figure: (run: Figures) => number | null) {
  const values = runs.flatMap((run) => figure(run) ?? []);
  return values.length > 0 ? median(values) : null;
}

function medians(runs: readonly Figures[]): Figures {
  return {
    requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
    bytesPerSecond: median(runs.map((run) => run.bytesPerSecond)),
    cpuUsPerRequest: medianOf(runs, (run) => run.cpuUsPerRequest),
    p99Us: medianOf(runs, (run) => run.p99Us),
    errors: runs.reduce((sum, { errors }) => sum + errors, 0),
  };
}

/** Columns of text, before those of figures. */
const TEXT_COLUMNS = 2;

function markdown(results: Map<string, Map<string, Figures>>): string {
  const rows = [["file", "server", "requests/s", "bytes/s", "CPU/request", "p99", "errors"]];
  for (const [size, servers] of results) {
    for (const [name, figures] of servers) {
      rows.push([
        size,
        name,
        formatCount(figures.requestsPerSecond),
        formatBytes(figures.bytesPerSecond),
        formatLatency(figures.cpuUsPerRequest),
        formatLatency(figures.p99Us),
        `${figures.errors}`,
      ]);
    }
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const rule = widths.map((width, column) =>
    column < TEXT_COLUMNS ? "-".repeat(width) : "-".repeat(width - 1) + ":"
  );
  const [heading, ...lines] = rows.map((row) =>
    row.map((cell, column) =>
      column < TEXT_COLUMNS ? cell.padEnd(widths[column]) : cell.padStart(widths[column])
    )
  );
  return [heading, rule, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

async function run(flags: Flags): Promise<void> {
  const scratch = await Deno.makeTempDir({ prefix: "ktcp-bench-files-" });
  // Workers of other users (nginx started by root) have to get in.
  await Deno.chmod(scratch, 0o755);
  const running: Running[] = [];
  try {
    const root = `${scratch}/site`;
    await Deno.mkdir(root);
    for (const size of flags.sizes) {
      await Deno.writeFile(`${root}/${size}.bin`, new Uint8Array(SIZES[size]).fill(0x6b));
    }
    for (const contender of CONTENDERS) {
      const isAsked = (name: string) => flags.servers?.includes(name) ?? true;
      if (!namesOf(contender).some(isAsked)) continue;
      const version = contender.version();
      console.error(`${contender.name}: ${version ?? "not installed, left out"}`);
      if (version === undefined) continue;
      const port = freePort();
      const url = `http://127.0.0.1:${port}`;
      const command = contender.command({ root, port, scratch });
      const first = `${url}/${flags.sizes[0]}.bin`;
      const process = await start(command, { url: first, core: SERVER_CORE });
      running.push({ contender, process, url });
    }
    const runs = new Map(flags.sizes.map((size) => [size, new Map<string, Figures[]>()]));
    for (let round = 1; round <= flags.rounds; ++round) {
      console.error(`round ${round} of ${flags.rounds}`);
      for (const size of flags.sizes) {
        for (const server of shuffled(running)) {
          const { name } = server.contender;
          const figures = await measure(server, size, { ...flags, scratch });
          runs.get(size)!.set(name, [...runs.get(size)!.get(name) ?? [], figures]);
        }
      }
    }
    const order = running.map(({ contender }) => contender.name);
    const results = new Map([...runs].map(([size, servers]) => [
      size,
      new Map(order.map((name) => [name, medians(servers.get(name)!)])),
    ]));
    if (flags.json) console.log(JSON.stringify(toObject(results), null, 2));
    else console.log(markdown(results));
  } finally {
    for (const { process } of running) {
      process.kill("SIGTERM");
      await process.status;
    }
    await Deno.remove(scratch, { recursive: true });
  }
}

function toObject(results: Map<string, Map<string, Figures>>): Record<string, unknown> {
  return Object.fromEntries(
    [...results].map(([size, servers]) => [size, Object.fromEntries(servers)]),
  );
}

/** What a contender may be called: its name, or what stands before the parentheses. */
function namesOf({ name }: Contender): string[] {
  return [name, name.replace(/ \(.*/, "")];
}

function checkNames(option: string, names: string[], known: string[]): void {
  const stranger = names.find((name) => !known.includes(name));
  if (stranger === undefined) return;
  console.error(`bench:files: option '${option}': '${stranger}' is none of ${known.join(", ")}`);
  Deno.exit(2);
}

const command = new Command("bench:files")
  .description("Compares static file servers on one core, loaded by wrk from another.")
  .option("--rounds <n>", "rounds; the medians are shown", integerBetween(1, 100), 5)
  .option("--seconds <n>", "seconds of each measurement", integerBetween(1, 60), 1)
  .option("--connections <n>", "keep-alive connections", integerBetween(1, 1000), 32)
  .option("--sizes <list>", `of ${Object.keys(SIZES)}`, list, Object.keys(SIZES))
  .option("--servers <list>", `of ${CONTENDERS.map(({ name }) => name)} (default: all)`, list)
  .option("--json", "print the figures as JSON")
  .action(async (flags: Flags) => {
    checkNames("--sizes", flags.sizes, Object.keys(SIZES));
    checkNames("--servers", flags.servers ?? [], [...new Set(CONTENDERS.flatMap(namesOf))]);
    for (const tool of ["wrk", "taskset"]) {
      if (outputOf(tool, "--version") !== undefined) continue;
      console.error(
        `bench:files: '${tool}' is not installed; try 'apt-get install wrk util-linux'`,
      );
      Deno.exit(1);
    }
    await run(flags);
  });
await command.parseAsync(Deno.args, { from: "user" });
