/** Lab `work`: requests that cost time, and small requests beside heavy ones, in every model. */
import { formatLatency } from "../../system/units.ts";
import type { Lab, LabContext, LabServer } from "./lab.ts";
import { httpSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";

/** Connections that send one request at a time. */
const SMALL = 4;
/** Connections that send `BATCH` requests in one write, and wait for all answers. */
const HEAVY = 2;
const BATCH = 8;
const COMPUTE = "computing";
const BLOCK = "blocking";
const KINDS = { [COMPUTE]: "compute", [BLOCK]: "block" } as const;

/** The amount of measuring: a run takes `durationMs`, after `warmupMs` in which pools grow. */
interface Amount {
  workMs: number[];
  durationMs: number;
  warmupMs: number;
}

const QUICK: Amount = { workMs: [0, 5], durationMs: 200, warmupMs: 60 };
const FULL: Amount = { workMs: [0, 1, 5], durationMs: 650, warmupMs: 200 };

/** A server in one model, and the cost of its requests. */
interface Case {
  group: keyof typeof KINDS;
  model: string;
  workMs: number;
}

export const work: Lab = {
  name: "work",
  question: "When is a pool right: what do requests that cost time do to the others?",
  seconds: { quick: 17, full: 115 },
  takes: [],
  async run(context) {
    const amount = context.isQuick ? QUICK : FULL;
    const cases = casesOf(context.models, amount);
    const starting = cases.map((one) => context.host.start("http", argsOf(one)));
    return await withServers(starting, async (servers) => {
      const specs = servers.map((server, i) => spec(cases[i], server, { amount, context }));
      const variants = await measure(specs, context);
      const most = amount.workMs.at(-1)!;
      return {
        setup: [
          `Each request costs the server ${
            amount.workMs.join(", ")
          } ms (--work), by computing or ` +
          "by blocking, as if it waited for a disk (--work-kind); each model and cost is a 'ktcp " +
          "http' of its own.",
          `${SMALL} connections send small requests, one at a time. Beside them ${HEAVY} ` +
          `connections send heavy ones: ${BATCH} requests in one piece, which a server works ` +
          `through in one go (${BATCH} times the cost).`,
          `${amount.durationMs} ms a run, after ${amount.warmupMs} ms in which pools grow.`,
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "p99 of the small requests beside the heavy ones",
            figure: "smallP99Us",
            groups: [COMPUTE, BLOCK],
          },
          {
            kind: "lines",
            title: "All requests per second over what a request computes",
            figure: "requestsPerSecond",
            group: COMPUTE,
            x: "of work",
          },
          {
            kind: "cdf",
            title: `Latency of small requests, blocking for ${most} ms`,
            of: "small",
            group: BLOCK,
            x: most,
          },
        ],
        findings: conclude(variants, most),
      };
    });
  },
};

/** All models with every cost; without work the kinds do not differ, so there is only one. */
function casesOf(models: readonly string[], { workMs }: Amount): Case[] {
  return ([COMPUTE, BLOCK] as const).flatMap((group) =>
    workMs.filter((ms) => ms > 0 || group === COMPUTE).flatMap((ms) =>
      models.map((model) => ({ group, model, workMs: ms }))
    )
  );
}

function argsOf({ group, model, workMs }: Case): string[] {
  const cost = workMs === 0 ? [] : ["--work", `${workMs}ms`, "--work-kind", KINDS[group]];
  return ["--model", model, "--backlog", "1024", ...cost];
}

function spec(
  { group, model, workMs }: Case,
  server: LabServer,
  { amount, context }: { amount: Amount; context: LabContext },
): VariantSpec {
  return {
    group,
    label: model,
    x: workMs,
    xText: `${workMs} ms`,
    run: () => mixedLoad(server, amount, context),
  };
}

/** Loads a server with small and heavy requests at once. */
async function mixedLoad(
  server: LabServer,
  { durationMs, warmupMs }: Amount,
  { signal }: LabContext,
): Promise<Sample> {
  const load = { isKeepAlive: true, durationMs, warmupMs, signal };
  const [small, heavy] = await Promise.all([
    httpSample(server, { ...load, concurrency: SMALL }),
    httpSample(server, { ...load, concurrency: HEAVY, pipeline: BATCH }),
  ]);
  const { requestsPerSecond: smallPerSecond = 0, p50Us, p99Us } = small.figures;
  return {
    failed: small.failed + heavy.failed,
    figures: {
      requestsPerSecond: smallPerSecond + (heavy.figures.requestsPerSecond ?? 0),
      smallPerSecond,
      ...(p50Us === undefined ? {} : { smallP50Us: p50Us }),
      ...(p99Us === undefined ? {} : { smallP99Us: p99Us }),
    },
    latencies: { small: small.latencies!.latency, heavy: heavy.latencies!.latency },
  };
}

function conclude(variants: VariantResult[], most: number): Finding[] {
  const find = (group: string, label: string, x: number) =>
    variants.find((v) => v.group === group && v.label === label && v.x === x);
  const batch = formatLatency(BATCH * most * 1000);
  return [
    ...finding(find(COMPUTE, "per-core", 0), find(COMPUTE, "shared-pool", 0), "requestsPerSecond", {
      meaning: {
        higher: "Requests that cost nothing are answered sooner than they are handed over.",
      },
    }),
    ...finding(find(BLOCK, "single", most), find(BLOCK, "shared-pool", most), "smallP99Us", {
      meaning: {
        higher:
          `That is head-of-line blocking: on one event loop a small request waits while the ` +
          `heavy ones before it take ${batch} each. In the pool it finds another Worker.`,
      },
    }),
    ...finding(find(BLOCK, "per-core", most), find(BLOCK, "shared-pool", most), "smallP99Us", {
      meaning: {
        higher: "More event loops do not help a connection that shares one with a heavy " +
          "connection: it cannot go elsewhere.",
      },
    }),
    ...finding(
      find(BLOCK, "shared-pool", most),
      find(BLOCK, "single", most),
      "requestsPerSecond",
      {
        meaning: {
          higher: "Threads that wait use no core, so a pool may have more of them than there are " +
            "cores.",
        },
      },
    ),
    ...finding(
      find(COMPUTE, "shared-pool", most),
      find(COMPUTE, "single", most),
      "requestsPerSecond",
      {
        meaning: {
          higher: "Threads that compute need a core each: the gain ends at the number of cores.",
          equal: "Threads that compute need a core each, and there is none to spare.",
        },
      },
    ),
    ...finding(find(COMPUTE, "shared-pool", most), find(COMPUTE, "single", most), "smallP99Us", {
      meaning: {
        lower: "Where threads share the cores, the scheduler divides them: a small request need " +
          "not wait for the end of a heavy one.",
      },
    }),
    ...finding(
      find(BLOCK, "shared-pool", most),
      find(BLOCK, "per-connection", most),
      "requestsPerSecond",
      {
        meaning: {
          lower: "Once its threads exist, a thread per connection hides blocking better: nobody " +
            "waits for a Worker that is free. What it costs to create them is the subject of labs " +
            "models and spawn.",
          equal: "Once its threads exist, a thread per connection hides blocking as well as a " +
            "pool; what it costs to create them is the subject of labs models and spawn.",
        },
      },
    ),
    ...noiseFinding(variants, "requestsPerSecond"),
  ];
}
