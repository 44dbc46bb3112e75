/**
 * The report of a recording: that of the labs, with a variant for each server and load. Equal loads on
 * equal servers are repetitions of one variant.
 */
import type { FigureValues } from "../../bench/lab/figures.ts";
import { labReport } from "../../bench/lab/html_report.ts";
import type { Drawing } from "../../bench/lab/lab.ts";
import type { LabResult } from "../../bench/lab/labs.ts";
import { type Sample, summarizeVariant, type VariantResult } from "../../bench/lab/measure.ts";
import { PAGE_NAMES } from "../../bench/lab/pages.ts";
import { finding } from "../../bench/lab/verdict.ts";
import { parseResult, type Result } from "../../bench/result.ts";
import { fromCompressed } from "../../bench/stats/hdr_text.ts";
import type { Environment } from "../../bench/lab/environment.ts";
import type {
  Frame,
  LoadSetup,
  LoadView,
  Recording,
  ServerSetup,
  ServerView,
  ServiceName,
} from "../protocol.ts";
import { MAX_RECORDED_CPUS } from "../limits.ts";
import { readLoadSetup, readServerSetup, SetupError } from "../setup.ts";
import { loadCommand, serverArgs } from "./processes.ts";

/** The place of a load's server in a command line that people read. */
const ANY_PORT = "PORT";

/** What the distributions of a load's latencies are called in the report. */
const LATENCY = "latency";

/**
 * Makes the HTML report of a recording.
 *
 * @param environment of this machine, for recordings that do not state their own
 * @throws {SetupError} when it is not a recording, or no load in it has a result
 */
export async function recordingReport(
  value: unknown,
  environment: Environment,
): Promise<string> {
  try {
    const result = labResult(readRecording(value), environment);
    return await labReport([result], environment.versions.ktcp);
  } catch (error) {
    // It looks like a recording, but its parts are something else.
    if (error instanceof TypeError || error instanceof SyntaxError) {
      throw new SetupError(`The recording cannot be read: ${error.message}`);
    }
    throw error;
  }
}

function readRecording(value: unknown): Recording {
  const recording = (value ?? {}) as Partial<Recording>;
  if (recording.format !== "ktcp-play-1") {
    throw new SetupError(
      "format: this is not a recording of ktcp play; send one that it has saved",
    );
  }
  if (!Array.isArray(recording.frames) || recording.frames.length === 0) {
    throw new SetupError("frames: the recording is empty; let a load run first");
  }
  if (Number.isNaN(Date.parse(`${recording.savedAt}`))) {
    throw new SetupError("savedAt: this is not a date");
  }
  return recording as Recording;
}

/** An environment whose texts and numbers are converted to these types, whatever a file holds. */
function plainEnvironment(
  { machine, kernel, loadAverage, limits, versions }: Environment,
): Omit<Environment, "date"> {
  const { cpu, cores, memoryBytes } = machine;
  return {
    machine: { cpu: `${cpu}`, cores: Number(cores), memoryBytes: Number(memoryBytes) },
    kernel: `${kernel}`,
    loadAverage: loadAverage.map(Number),
    limits,
    versions,
    quick: false,
  };
}

/** A load of a recording with its server, from its first to its last frame. */
interface RecordedLoad {
  load: LoadView;
  server: ServerView;
  result: Result;
  /** While it ran. */
  moments: { server: ServerView | undefined; kernel: Frame["kernel"] }[];
}

function labResult(recording: Recording, here: Environment): LabResult {
  const { frames, setup, machine, savedAt } = recording;
  const loads = recordedLoads(recording);
  if (loads.length === 0) {
    throw new SetupError("frames: no load has ended with a result; let one run to its end first");
  }
  const variants = variantsOf(loads);
  const [group] = variants.map(({ group }) => group);
  const rateKey = rateKeyOf(loads[0].result);
  const story = setup.story ?? "";
  return {
    lab: PAGE_NAMES.includes(story) ? story : "play",
    question: "What did these servers do under their loads?",
    setup: setupOf(loads),
    variants,
    drawings: drawingsOf(variants),
    // Each is compared with the first, if they differ in one setting.
    findings: variants.filter((variant) => variant.group === group).slice(1)
      .flatMap((variant) => finding(variant, variants[0], rateKey)),
    seconds: (frames.at(-1)!.atMs - frames[0].atMs) / 1000,
    environment: {
      ...plainEnvironment(machine.environment ?? here),
      date: new Date(savedAt).toISOString(),
    },
  };
}

/** In the order in which they began. */
function recordedLoads({ frames, results = {} }: Recording): RecordedLoad[] {
  const views = frames.flatMap((frame) => frame.loads.map((load) => ({ load, frame })));
  return [...Map.groupBy(views, ({ load }) => load.id)].flatMap(([id, own]) => {
    const seen = own.map(({ load, frame: { servers, kernel } }) => ({
      isRunning: load.state === "running",
      server: servers.find((server) => server.id === load.serverId),
      kernel,
    }));
    const moments = seen.filter(({ isRunning }) => isRunning);
    // A load may have ended between two frames: its server is shown longer.
    const server = seen.findLast(({ server }) => server !== undefined)?.server;
    const load = own.findLast(({ load }) => load.result !== null)?.load;
    if (server === undefined || load === undefined) return [];
    const document = results[id] ?? { ...load.result, hdr: {}, clients: [] };
    return [{
      load: { ...load, setup: readLoadSetup(load.setup) },
      server: { ...server, setup: readServerSetup(server.setup, MAX_RECORDED_CPUS) },
      result: parseResult(JSON.stringify(document), `load '${id}'`),
      moments,
    }];
  });
}

/** The figure that says how much a load got done. */
function rateKeyOf({ command }: Result): "messagesPerSecond" | "requestsPerSecond" {
  return command === "bench" ? "messagesPerSecond" : "requestsPerSecond";
}

/** One sentence for each kind of server, and of load: its command line. */
function setupOf(loads: readonly RecordedLoad[]): string[] {
  const servers = loads.map(({ server: { setup } }) =>
    `Server: ktcp ${setup.service} ${serverArgs(setup).join(" ")}`
  );
  const commands = loads.map(({ load, server }) =>
    `Load: ktcp ${loadCommand({ setup: server.setup, port: ANY_PORT }, load.setup).join(" ")}`
  );
  return [...new Set([...servers, ...commands])];
}

function variantsOf(loads: readonly RecordedLoad[]): VariantResult[] {
  const setups = loads.map(({ server }) => server.setup);
  const kinds = Map.groupBy(
    loads,
    ({ load, server }) => JSON.stringify([load.setup, server.setup]),
  );
  return [...kinds.values()].map((repetitions) => {
    const [{ server, load }] = repetitions;
    const spec = {
      group: loadText(server.setup.service, load.setup),
      label: serverText(server.setup, setups),
    };
    return summarizeVariant(spec, repetitions.map(sampleOf));
  });
}

/** `echo, 16 clients, as fast as answers come, keep-alive, 64 bytes`. */
function loadText(service: ServiceName, load: LoadSetup): string {
  const { clients, ratePerSecond, isKeepAlive, messageBytes, silentClients, slowClients } = load;
  return [
    service,
    `${clients} client${clients === 1 ? "" : "s"}`,
    ratePerSecond === 0 ? "as fast as answers come" : `${ratePerSecond}/s`,
    isKeepAlive ? "keep-alive" : "a connection each",
    ...(service === "echo" ? [`${messageBytes} bytes`] : []),
    ...(silentClients > 0 ? [`${silentClients} silent`] : []),
    ...(slowClients > 0 ? [`${slowClients} slow`] : []),
  ].join(", ");
}

/** Engine and model, and all other settings by which it differs from the other servers. */
function serverText(setup: ServerSetup, all: readonly ServerSetup[]): string {
  const keys = Object.keys(setup) as (keyof ServerSetup)[];
  const others = keys.filter((key) =>
    !["service", "engine", "model"].includes(key) && all.some((one) => one[key] !== setup[key])
  );
  const { engine, model } = setup;
  return [engine, model, ...others.map((key) => `${key} ${setup[key]}`)].join(", ");
}

/** What one load has measured, and what was read of its server meanwhile. */
function sampleOf({ result, moments }: RecordedLoad): Sample {
  const latency = result.command === "bench" ? result.echoUs : result.latencyUs;
  const hdr = result.hdr[result.command === "bench" ? "echoUs" : "latencyUs"];
  const isBench = result.command === "bench";
  const figures: FigureValues = {
    ...(isBench
      ? { messagesPerSecond: result.messagesPerSecond }
      : { requestsPerSecond: result.requestsPerSecond }),
    ...known("p50Us", latency.p50),
    ...known("p99Us", latency.p99),
    ...known("connectP50Us", result.connectUs.p50),
    ...known("connectMaxUs", result.connectUs.max),
    ...observed(moments, {
      done: isBench ? result.ok : result.good,
      cpu: isBench ? "cpuUsPerMessage" : "cpuUsPerRequest",
    }),
  };
  return {
    figures,
    failed: isBench ? result.failed : result.bad + result.socketErrors,
    ...(hdr && { latencies: { [LATENCY]: fromCompressed(hdr) } }),
    ...(isBench && { clientsUs: result.clients.map(({ meanUs }) => meanUs) }),
  };
}

function known(key: keyof FigureValues, value: number | null): FigureValues {
  return value === null ? {} : { [key]: value };
}

/** A number that can have been measured. @throws {SetupError} when it cannot */
function measured(value: number): number {
  if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && typeof value === "number") return value;
  throw new SetupError(`frames: ${JSON.stringify(value)?.slice(0, 40)} is not a measured number`);
}

/** Figures from what was read while a load ran, without those that are not known. */
function observed(
  moments: RecordedLoad["moments"],
  { done, cpu }: { done: number; cpu: "cpuUsPerMessage" | "cpuUsPerRequest" },
): FigureValues {
  const queues = moments.flatMap(({ server }) => server?.sockets?.acceptQueue ?? []);
  const uses = moments.flatMap(({ server }) => server?.process ?? []);
  const kernels = moments.flatMap(({ kernel }) => kernel ?? []);
  const growth = <T>(values: readonly T[], of: (value: T) => number) =>
    measured(of(values.at(-1)!)) - measured(of(values[0]));
  return {
    ...(queues.length > 0 && {
      queueLength: queues.reduce((most, { length }) => Math.max(most, measured(length)), 0),
      queueLimit: measured(queues.at(-1)!.limit),
    }),
    ...(kernels.length > 0 && {
      overflows: growth(kernels, ({ listenOverflows }) => listenOverflows),
      synRetransmits: growth(kernels, ({ synRetransmits }) => synRetransmits),
    }),
    ...(uses.length > 1 && done > 0 && {
      [cpu]: growth(uses, ({ userUs, systemUs }) => userUs + systemUs) / done,
    }),
  };
}

/** The rate of all variants of a group, and how their latencies are distributed. */
function drawingsOf(variants: readonly VariantResult[]): Drawing[] {
  const groups = [...new Set(variants.map(({ group }) => group))];
  return groups.flatMap((group): Drawing[] => {
    const figure = group.startsWith("echo") ? "messagesPerSecond" : "requestsPerSecond";
    return [
      { kind: "bars", title: group, figure, groups: [group] },
      { kind: "cdf", title: `${group}: latency`, of: LATENCY, group },
      ...(figure === "messagesPerSecond"
        ? [{ kind: "scatter", title: `${group}: mean of each client`, group } as const]
        : []),
    ];
  });
}
