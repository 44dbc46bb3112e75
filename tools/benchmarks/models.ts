/**
 * Both services in every model, with every engine that makes a difference to it, side by side:
 *
 *     deno task bench:models [--seconds N] [--runs N] [--connections N,N] [--variant NAME,…]
 *                            [--engines NAME,…]
 *
 * The servers of all variants run at the same time; they are loaded in turn, each several times, so
 * that other load on the machine affects all alike. The printed figures are the medians of the
 * runs. Engines that this machine does not allow are left out, with a note. CPU is that of all threads
 * of the server's process; memory is what is resident after the last run.
 */
import { parseArgs } from "node:util";
import { checkNames, list, withScratch } from "./servers/compare.ts";
import { ENGINE_NAMES, engineRefusal } from "./servers/engines.ts";
import { chooseDriver, type Driver, type Figures, type Load } from "./models/load.ts";
import { type Variant, VARIANT_NAMES, variantsOf } from "./models/variants.ts";
import {
  type MeasuredRow,
  measuredRow,
  measurement,
  printMeasurement,
} from "./shared/measurement.ts";
import { ServerProcess } from "../soak/server_process.ts";
import { sleep } from "../../system/wait.ts";

/** All but `per-core/1`, which is much like `single` and runs only when it is asked for. */
const MODELS = VARIANT_NAMES.filter((name) => name !== "per-core/1");

/** One run on one server. */
interface Run extends Figures {
  cpuUsPerRequest: number;
}

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "1" },
    runs: { type: "string", default: "3" },
    connections: { type: "string", default: "1,32,256" },
    variant: { type: "string", default: MODELS.join(",") },
    engines: { type: "string", default: "deno,epoll,io_uring" },
    json: { type: "boolean" },
  },
});
const [names, engines] = [list(values.variant), list(values.engines)];
checkNames("--variant", { names, known: VARIANT_NAMES });
checkNames("--engines", { names: engines, known: ENGINE_NAMES });
const [seconds, runs] = [Number(values.seconds), Number(values.runs)];
const connectionCounts = values.connections.split(",").map(Number);
const isValid = [seconds, runs, ...connectionCounts].every((value) =>
  Number.isInteger(value) && value > 0
);
if (!isValid) {
  console.error("bench:models: --seconds, --runs and --connections are whole numbers above 0");
  Deno.exit(2);
}

/** A server that used less than this share of an interval is idle. */
const IDLE_SHARE = 0.05;
const SETTLE_MS = 100;

/**
 * Waits until `server` has dealt with what its clients left behind, which would slow down the next run:
 * per-connection goes on creating Workers for connections that are gone.
 */
async function settle(server: ServerProcess): Promise<void> {
  for (let beforeUs = -Infinity; server.cpuUs - beforeUs > IDLE_SHARE * SETTLE_MS * 1000;) {
    beforeUs = server.cpuUs;
    await sleep(SETTLE_MS);
  }
}

async function measure(server: ServerProcess, drive: Driver, load: Load): Promise<Run> {
  const beforeUs = server.cpuUs;
  const figures = await drive(server.port, load);
  const cpuUs = server.cpuUs - beforeUs;
  await settle(server);
  return { ...figures, cpuUsPerRequest: cpuUs / figures.requests };
}

function row(
  load: string,
  { name, all, residentBytes }: { name: string; all: readonly Run[]; residentBytes: number },
): MeasuredRow {
  return measuredRow(load, name, {
    requestsPerSecond: all.map((run) => run.requestsPerSecond),
    cpuUsPerRequest: all.map((run) => run.cpuUsPerRequest),
    p50Us: all.map((run) => run.p50Us),
    p99Us: all.map((run) => run.p99Us),
    residentBytes: [residentBytes],
    errors: all.map((run) => run.errors),
  });
}

/** The variants that this machine allows; the others are named on stderr. */
async function allowedVariants(): Promise<Variant[]> {
  const allowed: Variant[] = [];
  for (const variant of variantsOf(names, engines)) {
    const refusal = await engineRefusal(variant.engine, variant.model);
    if (refusal === undefined) allowed.push(variant);
    else console.error(`${variant.name}: left out: ${refusal}`);
  }
  return allowed;
}

/** Measures `variants` under `load`, which tables call `name`. */
async function compareUnder(
  load: Load,
  { name, variants, drive }: { name: string; variants: readonly Variant[]; drive: Driver },
): Promise<MeasuredRow[]> {
  const servers = await Promise.all(
    variants.map(({ args }) =>
      ServerProcess.start([load.service, "--port", "0", "--backlog", "1024", ...args])
    ),
  );
  try {
    const results = variants.map((): Run[] => []);
    for (const server of servers) {
      await drive(server.port, { ...load, seconds: 1 });
      await settle(server);
    }
    for (let i = 0; i < runs; i++) {
      for (const [at, server] of servers.entries()) {
        results[at].push(await measure(server, drive, load));
      }
    }
    return variants.map((variant, at) =>
      row(name, {
        name: variant.name,
        all: results[at],
        residentBytes: servers[at].residentBytes,
      })
    );
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}

await withScratch(async (scratch) => {
  const variants = await allowedVariants();
  if (variants.length === 0) {
    console.error("bench:models: none of these variants can run here");
    Deno.exitCode = 1;
    return;
  }
  const { name: client, drive } = chooseDriver(scratch);
  const threads = navigator.hardwareConcurrency;
  console.error(
    `client: ${client} on ${threads} threads; ${threads} cores; ` +
      `median of ${runs} runs of ${seconds} s`,
  );
  const rows: MeasuredRow[] = [];
  for (const service of ["http", "echo"] as const) {
    for (const isKeptAlive of [true, false]) {
      for (const connections of connectionCounts) {
        const load: Load = { service, connections, isKeptAlive, seconds, threads };
        const how = isKeptAlive ? "keep-alive" : "a connection per request";
        const name = `${service}, ${connections} connections, ${how}`;
        console.error(name);
        rows.push(...await compareUnder(load, { name, variants, drive }));
      }
    }
  }
  printMeasurement(measurement("bench:models", { subject: "model", baseline: null, rows }), values);
});
