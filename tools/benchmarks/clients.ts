/**
 * Compares load clients against one nginx: requests per second and the client's CPU time per
 * request, keep-alive and with one connection per request. `deno task bench:clients`, with `--seconds N`
 * for the length of a run and `--rounds N`. nginx has a core to itself, and the clients have the others.
 *
 * Each client runs twice per round, long and short: the difference does not contain the cost of
 * starting. The rounds alternate between the clients and the medians are shown, because the speed of
 * a machine changes over time. Clients that are not installed are left out.
 */
import { parseArgs } from "node:util";
import { CLIENT_ENGINES } from "../../bench/load/engine.ts";
import { engineSupport } from "../../system/linux/engines.ts";
import { NGINX_HELLO } from "../../bench/processes/nginx_config.ts";
import { nginx } from "./servers/contender.ts";
import { freePort } from "../../system/address.ts";
import { start } from "./servers/process.ts";
import {
  type MeasuredRow,
  measuredRow,
  measurement,
  printMeasurement,
} from "./shared/measurement.ts";
import { ROOT } from "../shared/repository.ts";

/** The result of a run. */
interface Measured {
  requests: number;
  seconds: number;
  cpuSeconds: number;
}

/** A load client. */
interface Client {
  name: string;
  /** Program that has to be installed. */
  program: string;
  /** Arguments for a run of `seconds`. */
  args(url: string, seconds: number): string[];
  /** How many requests its output says were answered. */
  requests(output: string): number;
}

const CONNECTIONS = 32;

/** The core of nginx, and those of the clients; undefined if the cores cannot be divided. */
const CORES = navigator.hardwareConcurrency < 2 || !isInstalled("taskset")
  ? undefined
  : { server: 0, clients: `1-${navigator.hardwareConcurrency - 1}` };

const KTCP = ["run", "-A", `${ROOT}/cli/main.ts`, "htstress", "--json"];

/** htstress with every engine that this machine allows. */
function ktcp(name: string, options: string[]): Client[] {
  const engines = CLIENT_ENGINES.filter((engine) =>
    engine === "deno" || engineSupport(engine).isAvailable
  );
  return engines.map((engine) => ({
    name: `${name}, ${engine}`,
    program: Deno.execPath(),
    args: (url, seconds) => [
      ...KTCP,
      ...options,
      "--engine",
      engine,
      "--duration",
      `${seconds}s`,
      url,
    ],
    requests: (output) => JSON.parse(output).good,
  }));
}

function numberAfter(pattern: RegExp): (output: string) => number {
  return (output) => Number(pattern.exec(output)?.[1] ?? NaN);
}

const wrk = {
  name: `wrk -t1 -c${CONNECTIONS}`,
  program: "wrk",
  requests: numberAfter(/(\d+) requests in/),
};
const ab = { program: "ab", requests: numberAfter(/Complete requests:\s+(\d+)/) };
const hey = {
  name: `hey -c ${CONNECTIONS}`,
  program: "hey",
  requests: (output: string) => {
    const counts = [...output.matchAll(/\[\d+\]\s+(\d+) responses/g)].map((match) => +match[1]);
    return counts.reduce((sum, count) => sum + count, 0);
  },
};

const KEEP_ALIVE: Client[] = [
  { ...wrk, args: (url, s) => ["-t1", `-c${CONNECTIONS}`, `-d${s}`, url] },
  ...ktcp(`ktcp -t 1 -c ${CONNECTIONS}`, ["-k", "-c", `${CONNECTIONS}`]),
  {
    ...ab,
    name: `ab -k -c ${CONNECTIONS}`,
    args: (url, s) => ["-q", "-k", "-c", `${CONNECTIONS}`, "-t", `${s}`, "-n", "100000000", url],
  },
  { ...hey, args: (url, s) => ["-c", `${CONNECTIONS}`, "-z", `${s}s`, url] },
  {
    name: `autocannon -c ${CONNECTIONS}`,
    program: "autocannon",
    args: (url, s) => ["-c", `${CONNECTIONS}`, "-d", `${s}`, "--json", url],
    requests: (output) => JSON.parse(output).requests.total,
  },
];

const CONNECTION_PER_REQUEST: Client[] = [
  {
    ...wrk,
    args: (url, s) => ["-t1", `-c${CONNECTIONS}`, `-d${s}`, "-H", "Connection: close", url],
  },
  {
    name: `htstress (C) -c ${CONNECTIONS}`,
    program: "htstress",
    // It can limit only the number of requests, not the time.
    args: (url, s) => ["-n", `${20_000 * s}`, "-c", `${CONNECTIONS}`, "-t", "1", url],
    requests: numberAfter(/good requests:\s+(\d+)/),
  },
  ...ktcp(`ktcp -t 1 -c ${CONNECTIONS}`, ["-c", `${CONNECTIONS}`]),
  ...ktcp(`ktcp -t 2 -c ${CONNECTIONS / 2}`, ["-t", "2", "-c", `${CONNECTIONS / 2}`]),
  {
    ...ab,
    name: `ab -c ${CONNECTIONS}`,
    args: (url, s) => ["-q", "-c", `${CONNECTIONS}`, "-t", `${s}`, "-n", "100000000", url],
  },
  { ...hey, args: (url, s) => ["-disable-keepalive", "-c", `${CONNECTIONS}`, "-z", `${s}s`, url] },
];

function isInstalled(program: string): boolean {
  return new Deno.Command("sh", { args: ["-c", `command -v "$0"`, program] }).outputSync().success;
}

/** CPU seconds in the output of the shell's `times`: its own, then its children's. */
function childSeconds(times: string): number {
  const children = times.trim().split("\n").at(-1)!;
  return [...children.matchAll(/(\d+)m([\d.]+)s/g)]
    .reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
}

/** Runs `client` for `seconds`. */
async function measure(client: Client, url: string, seconds: number): Promise<Measured> {
  const beginMs = performance.now();
  const pinned = CORES === undefined ? [] : ["taskset", "-c", CORES.clients];
  const command = [...pinned, client.program, ...client.args(url, seconds)];
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", `"$0" "$@" 2>/dev/null; times >&2`, ...command],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const output = new TextDecoder().decode(stdout);
  return {
    requests: client.requests(output),
    seconds: (performance.now() - beginMs) / 1000,
    cpuSeconds: childSeconds(new TextDecoder().decode(stderr)),
  };
}

/** Measures those of `clients` that are installed, in turn. */
async function compare(
  load: string,
  { clients, url, seconds, rounds }: {
    clients: Client[];
    url: string;
    seconds: number;
    rounds: number;
  },
): Promise<MeasuredRow[]> {
  const installed = clients.filter(({ program }) => isInstalled(program));
  const rates = installed.map((): number[] => []);
  const costs = installed.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, client] of installed.entries()) {
      const short = await measure(client, url, 1);
      const long = await measure(client, url, 1 + seconds);
      const requests = long.requests - short.requests;
      rates[i].push(requests / (long.seconds - short.seconds));
      costs[i].push((long.cpuSeconds - short.cpuSeconds) / requests * 1e6);
    }
  }
  return installed.map(({ name }, i) =>
    measuredRow(load, name, { requestsPerSecond: rates[i], cpuUsPerRequest: costs[i] })
  );
}

/** Starts nginx with one process that answers 200 to everything. */
async function startNginx(scratch: string) {
  const port = freePort();
  const url = `http://127.0.0.1:${port}/`;
  const command = nginx("nginx", { server: NGINX_HELLO }).command({ port, scratch });
  return { url, process: await start(command, { url, core: CORES?.server }) };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seconds: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
      json: { type: "boolean" },
    },
  });
  const options = { seconds: Number(values.seconds), rounds: Number(values.rounds) };
  if (!isInstalled("nginx")) {
    console.error("bench:clients needs nginx; install it with 'apt-get install nginx-light wrk'");
    Deno.exit(1);
  }
  const folder = await Deno.makeTempDir();
  const { url, process } = await startNginx(folder);
  try {
    const rows = [
      ...await compare("keep-alive", { clients: KEEP_ALIVE, url, ...options }),
      ...await compare("a connection a request", {
        clients: CONNECTION_PER_REQUEST,
        url,
        ...options,
      }),
    ];
    const result = measurement("bench:clients", { subject: "client", baseline: wrk.name, rows });
    printMeasurement(result, values);
  } finally {
    await process.stop();
    await Deno.remove(folder, { recursive: true });
  }
}
