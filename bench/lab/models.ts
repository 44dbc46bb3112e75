/** Lab `models`: one thread, one per core, a pool, one per connection. */
import type { Lab, LabContext, LabServer, Target } from "./lab.ts";
import { connections, echoSample, httpSample, paddingNotes, withServers } from "./loads.ts";
import { measure, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding, noiseFinding, targetFindings } from "./verdict.ts";

const ECHO_CLIENTS = 6;
const CLOSE_CONNECTIONS = 4;
const KEEP_ALIVE = "keep-alive";
const CLOSE = "connection per request";
const ECHO = "echo";

/** How much is measured. */
interface Amount {
  /** Of a run with keep-alive, after `warmupMs`. */
  durationMs: number;
  warmupMs: number;
  /**
   * Length of a run with a connection per request, where the slowest model answers about 20
   * requests/s.
   */
  closeMs: number;
  echoMessages: number;
  concurrencies: number[];
}

const QUICK: Amount = {
  durationMs: 100,
  warmupMs: 50,
  closeMs: 150,
  echoMessages: 200,
  concurrencies: [1, 12],
};
const FULL: Amount = {
  durationMs: 1000,
  warmupMs: 100,
  closeMs: 1000,
  echoMessages: 2000,
  concurrencies: [1, 16, 128],
};

export const models: Lab = {
  name: "models",
  question: "What does a worker pool buy over a thread per connection, or over one event loop?",
  seconds: { quick: 10, full: 110 },
  takes: ["echo", "http"],
  async run(context) {
    const amount = context.isQuick ? QUICK : FULL;
    const { models } = context;
    const starting = (["echo", "http"] as const).flatMap((command) =>
      models.map((model) => context.host.start(command, ["--model", model, "--backlog", "1024"]))
    );
    return await withServers(starting, async (servers) => {
      const echo = entries(servers.slice(0, models.length), context, "echo");
      const http = entries(servers.slice(models.length), context, "http");
      const variants = await measure([
        ...echo.map((entry) => echoSpec(entry, amount, context)),
        ...http.flatMap((entry) => keepAliveSpecs(entry, amount, context)),
        ...http.map((entry) => closeSpec(entry, amount, context)),
      ], context);
      return {
        setup: [
          `Each model runs as 'ktcp echo' and as 'ktcp http' ("Hello World!") in a process of its ` +
          "own; all of them meet the same client.",
          `Echo: ${ECHO_CLIENTS} clients at once, ${amount.echoMessages} messages of 64 bytes each.`,
          `HTTP with keep-alive: ${amount.concurrencies.join(", ")} connections, ` +
          `${amount.durationMs} ms a run; with a connection per request (HTTP/1.0): ` +
          `${CLOSE_CONNECTIONS} at once, as htstress does, ${amount.closeMs} ms a run.`,
          ...paddingNotes(context.targets),
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "Echo throughput by model",
            figure: "messagesPerSecond",
            groups: [ECHO],
          },
          {
            kind: "bars",
            title: "A connection per request, by model",
            figure: "requestsPerSecond",
            groups: [CLOSE],
          },
          {
            kind: "lines",
            title: "Keep-alive throughput over concurrency",
            figure: "requestsPerSecond",
            group: KEEP_ALIVE,
            x: "connections",
          },
          { kind: "spectrum", title: "Echo latency by model", of: "echo", group: ECHO },
        ],
        findings: conclude(variants, amount, context),
      };
    });
  },
};

interface Entry {
  label: string;
  target: Target & { padsTo?: number | null };
}

/** The four models, and the foreign servers of the same protocol. */
function entries(servers: LabServer[], context: LabContext, protocol: "echo" | "http"): Entry[] {
  const own = servers.map((target, i) => ({ label: context.models[i], target }));
  const foreign = context.targets.filter((target) => target.protocol === protocol)
    .map((target) => ({ label: target.name, target }));
  return [...own, ...foreign];
}

function echoSpec({ label, target }: Entry, amount: Amount, { signal }: LabContext): VariantSpec {
  const sizeBytes = target.padsTo ?? 64;
  const load = { clients: ECHO_CLIENTS, messages: amount.echoMessages, sizeBytes, signal };
  return { group: ECHO, label, run: () => echoSample(target, load) };
}

function keepAliveSpecs(
  { label, target }: Entry,
  { concurrencies, durationMs, warmupMs }: Amount,
  { signal }: LabContext,
): VariantSpec[] {
  return concurrencies.map((concurrency) => ({
    group: KEEP_ALIVE,
    label,
    x: concurrency,
    xText: connections(concurrency),
    tick: String(concurrency),
    run: () =>
      // The warm-up excludes the creation of Workers, which the third workload measures.
      httpSample(target, { concurrency, isKeepAlive: true, durationMs, warmupMs, signal }),
  }));
}

function closeSpec(
  { label, target }: Entry,
  { closeMs }: Amount,
  { signal }: LabContext,
): VariantSpec {
  const load = {
    concurrency: CLOSE_CONNECTIONS,
    isKeepAlive: false,
    durationMs: closeMs,
    signal,
  };
  return { group: CLOSE, label, run: () => httpSample(target, load) };
}

function conclude(
  variants: VariantResult[],
  { concurrencies }: Amount,
  { targets }: LabContext,
): Finding[] {
  const find = (group: string, label: string, x?: number) =>
    variants.find((v) => v.group === group && v.label === label && v.x === x);
  const busiest = concurrencies.at(-1)!;
  return [
    ...finding(find(CLOSE, "shared-pool"), find(CLOSE, "per-connection"), "requestsPerSecond", {
      meaning: {
        higher:
          "Workers that stand ready spare each connection the creation of one. The factor is " +
          "ours: a Worker is a JavaScript engine of its own (lab spawn), khttpd created a kernel " +
          "thread, and its reports gained 1.8 to 4.6 times from CMWQ.",
        lower: "Here a thread per connection costs less than handing requests to a pool.",
        equal: "Here creating a thread costs no more than handing requests to a pool.",
      },
    }),
    ...finding(
      find(KEEP_ALIVE, "shared-pool", busiest),
      find(KEEP_ALIVE, "per-connection", busiest),
      "requestsPerSecond",
      {
        meaning: {
          higher: "The pool wins also where threads live as long as their connections.",
          lower: "Once its threads exist, a thread per connection does better than the pool.",
          equal: "Once the threads exist, their model matters little.",
        },
      },
    ),
    ...finding(
      find(KEEP_ALIVE, "single", busiest),
      find(KEEP_ALIVE, "shared-pool", busiest),
      "requestsPerSecond",
      {
        meaning: {
          higher: "Requests as small as these cost less than passing them between threads: one " +
            "event loop beats the pool.",
          lower: "The pool uses more cores than one event loop can.",
        },
      },
    ),
    ...finding(
      find(KEEP_ALIVE, "per-core", busiest),
      find(KEEP_ALIVE, "single", busiest),
      "requestsPerSecond",
      {
        meaning: {
          higher: "More event loops serve more, as nothing is shared between them.",
          lower: "The client shares the cores with the server, so a second event loop only takes " +
            "time from it.",
          equal: "The cores are shared with the client, so a second event loop buys nothing here.",
        },
      },
    ),
    ...finding(find(ECHO, "per-core"), find(ECHO, "shared-pool"), "messagesPerSecond"),
    ...targetFindings(targets, variants, find(ECHO, "single"), "messagesPerSecond"),
    ...targetFindings(targets, variants, find(ECHO, "single"), "cpuUsPerMessage"),
    ...targetFindings(targets, variants, find(KEEP_ALIVE, "single", busiest), "requestsPerSecond"),
    ...targetFindings(targets, variants, find(CLOSE, "single"), "requestsPerSecond"),
    ...targetFindings(targets, variants, find(CLOSE, "single"), "cpuUsPerRequest"),
    ...noiseFinding(variants.filter(({ group }) => group === KEEP_ALIVE), "requestsPerSecond"),
  ];
}
