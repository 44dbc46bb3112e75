/**
 * Lab `unbound`: compares a pool in which a connection stays with its Worker with the same pool in
 * which any Worker may serve it, and measures the cost of handing over.
 */
import type { Lab, LabContext, Target } from "./lab.ts";
import { formatBytes } from "../../system/units.ts";
import { echoSample, paddingNotes, withServers } from "./loads.ts";
import { measure, type VariantSpec } from "./measure.ts";
import { finding, noiseFinding, targetFindings } from "./verdict.ts";

const CLIENTS = 8;
/** Most bytes that a run exchanges, so that large messages do not take longer. */
const RUN_BYTES = { quick: 64 << 20, full: 128 << 20 };
const RUN_MESSAGES = { quick: 8000, full: 18_000 };
const SIZES = { quick: [64, 65536], full: [64, 512, 4096, 16384, 65536] };
const GROUP = "echo";
const BOUND = "bound queue";
const UNBOUND = "WQ_UNBOUND";
const NO_QUEUE = "no queue";

/** The servers; the first two differ only in the queue's flags. */
const SERVERS: Record<string, string[]> = {
  [BOUND]: ["--model", "shared-pool", "--wq-flags", "0"],
  [UNBOUND]: ["--model", "shared-pool", "--wq-flags", "unbound"],
  [NO_QUEUE]: ["--model", "per-core"],
};

/**
 * The conclusions about locality. Unlike bound kernel threads, Workers are not pinned to cores:
 * what a bound queue keeps together here is a connection and a Worker.
 */
const LOCALITY = {
  higher: "Here a connection gains by staying with its Worker, as kecho's authors saw with CPUs " +
    "(bench=1).",
  lower: "Here the freedom to take any idle Worker is worth more than staying with one.",
  equal:
    "Staying with a Worker, which the system may move to another core, buys nothing here; in " +
    "the kernel a bound worker cannot be moved.",
};

export const unbound: Lab = {
  name: "unbound",
  question: "What does locality buy: a bound queue (kecho bench=1) against WQ_UNBOUND?",
  seconds: { quick: 5, full: 40 },
  takes: ["echo"],
  async run(context) {
    const { host, isQuick, targets } = context;
    const sizes = isQuick ? SIZES.quick : SIZES.full;
    // One read receives a complete message; pieces are the subject of another lab.
    const args = ["--buffer", "64k", "--backlog", "1024"];
    const labels = Object.keys(SERVERS);
    const starting = labels.map((label) => host.start("echo", [...SERVERS[label], ...args]));
    return await withServers(starting, async (servers) => {
      const foreign = targets.filter(({ protocol }) => protocol === "echo");
      const entries = [
        ...servers.map((target, i) => ({ label: labels[i], target: target as Target })),
        ...foreign.map((target) => ({ label: target.name, target })),
      ];
      const specs = entries.flatMap(({ label, target }) =>
        sizesOf(target, sizes).map((sizeBytes) => spec(label, target, { sizeBytes, context }))
      );
      const variants = await measure(specs, context);
      const find = (label: string, x: number) =>
        variants.find((variant) => variant.label === label && variant.x === x);
      return {
        setup: [
          `'${BOUND}' and '${UNBOUND}' are one pool of Workers (--model shared-pool) with two ` +
          "values of --wq-flags: 0 gives the chunks of a connection to the Workers of one core's " +
          "pool, WQ_UNBOUND to whichever Worker is idle.",
          `'${NO_QUEUE}' is --model per-core: the thread that accepted a connection serves it, and ` +
          "nothing is handed over. It is there to tell the price of handing over from that of " +
          "locality.",
          `${CLIENTS} clients, messages of ${sizes.map(formatBytes).join(", ")}; the server's ` +
          "buffer holds the largest of them whole.",
          ...paddingNotes(targets),
        ],
        variants,
        drawings: [
          {
            kind: "lines",
            title: "Messages per second over message size",
            figure: "messagesPerSecond",
            group: GROUP,
            x: "message size",
          },
          {
            kind: "bars",
            title: "CPU time of the server per message",
            figure: "cpuUsPerMessage",
            groups: [GROUP],
          },
          {
            kind: "spectrum",
            title: `Latency of messages of ${formatBytes(sizes[0])}`,
            of: "echo",
            group: GROUP,
            x: sizes[0],
          },
        ],
        findings: [
          ...sizes.flatMap((size) =>
            finding(find(BOUND, size), find(UNBOUND, size), "messagesPerSecond", {
              meaning: size === sizes[0] ? LOCALITY : {},
            })
          ),
          ...finding(find(BOUND, sizes[0]), find(UNBOUND, sizes[0]), "cpuUsPerMessage"),
          ...finding(find(BOUND, sizes[0]), find(NO_QUEUE, sizes[0]), "cpuUsPerMessage", {
            meaning: {
              higher: "That is the price of a message between two Workers: two wake-ups, and two " +
                "turns of an event loop. A kernel thread is woken without the second.",
              lower: "Handing over costs less here than it saves.",
            },
          }),
          ...finding(
            find(BOUND, sizes.at(-1)!),
            find(NO_QUEUE, sizes.at(-1)!),
            "cpuUsPerMessage",
            { meaning: { equal: "With large messages the copying outweighs handing over." } },
          ),
          ...sizes.flatMap((size) =>
            targetFindings(targets, variants, find(NO_QUEUE, size), "messagesPerSecond")
          ),
          ...targetFindings(targets, variants, find(NO_QUEUE, sizes[0]), "cpuUsPerMessage"),
          ...noiseFinding(variants, "messagesPerSecond"),
        ],
      };
    });
  },
};

interface Entry {
  label: string;
  target: Target & { padsTo?: number | null };
}

/** The sizes of messages that `target` sends back unchanged. */
function sizesOf({ padsTo }: Entry["target"], sizes: readonly number[]): readonly number[] {
  return padsTo ? [padsTo] : sizes;
}

function spec(
  label: string,
  target: Target,
  { sizeBytes, context: { isQuick, signal } }: { sizeBytes: number; context: LabContext },
): VariantSpec {
  const kind = isQuick ? "quick" : "full";
  const total = Math.min(RUN_MESSAGES[kind], RUN_BYTES[kind] / sizeBytes);
  const messages = Math.max(1, Math.round(total / CLIENTS));
  return {
    group: GROUP,
    label,
    x: sizeBytes,
    xText: formatBytes(sizeBytes),
    run: async () => {
      const sample = await echoSample(target, { clients: CLIENTS, messages, sizeBytes, signal });
      const { messagesPerSecond = 0 } = sample.figures;
      sample.figures.bytesPerSecond = messagesPerSecond * sizeBytes;
      return sample;
    },
  };
}
