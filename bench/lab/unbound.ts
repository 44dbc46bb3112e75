/** Lab `unbound`: a connection that stays on its core against one that any Worker may serve. */
import type { Lab, LabContext, Target } from "./lab.ts";
import { formatBytes } from "../../system/units.ts";
import { echoSample, paddingNotes, withServers } from "./loads.ts";
import { measure, type VariantSpec } from "./measure.ts";
import { finding, noiseFinding, targetFindings } from "./verdict.ts";

const CLIENTS = 8;
/** Bytes that a run exchanges at the most, so that large messages do not take longer. */
const RUN_BYTES = { quick: 64 << 20, full: 256 << 20 };
const RUN_MESSAGES = { quick: 8000, full: 40_000 };
const SIZES = { quick: [64, 4096, 65536], full: [64, 512, 4096, 16384, 65536] };
const GROUP = "echo";
const MODELS = ["per-core", "shared-pool"] as const;

export const unbound: Lab = {
  name: "unbound",
  question: "What does locality cost or buy: a bound queue (kecho bench=1) against WQ_UNBOUND?",
  seconds: { quick: 4, full: 37 },
  takes: ["echo"],
  async run(context) {
    const { host, isQuick, targets } = context;
    const sizes = isQuick ? SIZES.quick : SIZES.full;
    // One read fetches a whole message: pieces are the subject of another lab.
    const args = ["--buffer", "64k", "--backlog", "1024"];
    const starting = MODELS.map((model) => host.start("echo", ["--model", model, ...args]));
    return await withServers(starting, async (servers) => {
      const foreign = targets.filter(({ protocol }) => protocol === "echo");
      const entries = [
        ...servers.map((target, i): Entry => ({ label: MODELS[i], target })),
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
          "'per-core' keeps a connection on the thread that accepted it, as a bound workqueue " +
          "does; 'shared-pool' queues each received chunk on an unbound queue, from which any " +
          "idle Worker takes it (WQ_UNBOUND).",
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
            finding(find("per-core", size), find("shared-pool", size), "messagesPerSecond")
          ),
          ...finding(
            find("shared-pool", sizes[0]),
            find("per-core", sizes[0]),
            "cpuUsPerMessage",
            {
              meaning: {
                higher:
                  "That is the price of a message between threads: two wake-ups, and caches " +
                  "that start cold.",
                lower: "The hand-over between threads costs less here than it saves.",
              },
            },
          ),
          ...finding(
            find("shared-pool", sizes.at(-1)!),
            find("per-core", sizes.at(-1)!),
            "cpuUsPerMessage",
            { meaning: { equal: "With large messages the copying outweighs the hand-over." } },
          ),
          ...sizes.flatMap((size) =>
            targetFindings(targets, variants, find("per-core", size), "messagesPerSecond")
          ),
          ...targetFindings(targets, variants, find("per-core", sizes[0]), "cpuUsPerMessage"),
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

/** The sizes of messages that `target` sends back as they were. */
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
