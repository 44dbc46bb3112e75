/** Lab `buffers`: messages that are longer than the server's buffer. */
import { formatBytes, formatCount } from "../../system/units.ts";
import type { ForeignTarget, Lab, LabContext, LabServer } from "./lab.ts";
import { echoSample, withServers } from "./loads.ts";
import { measure, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";

/** As many as the original `bench` starts. */
const CLIENTS = 1000;
const SIZES = { quick: [1000, 20_000], full: [1000, 20_000, 200_000] };
const BUFFERS = { quick: [4096, 65536], full: [512, 1024, 4096, 65536] };

/** How long an echo of a server of `--target` may take. */
const FOREIGN_TIMEOUT_MS = 3000;

/** A message size and a buffer size, with the counts of their server. */
interface Case {
  sizeBytes: number;
  bufferBytes: number;
  server: LabServer;
  /** Good echoes over all repetitions. */
  echoes: number;
}

export const buffers: Lab = {
  name: "buffers",
  question: "What happens to messages that are longer than the server's buffer?",
  seconds: { quick: 3, full: 30 },
  takes: ["echo"],
  async run(context) {
    const kind = context.isQuick ? "quick" : "full";
    const pairs = SIZES[kind].flatMap((sizeBytes) =>
      BUFFERS[kind].map((bufferBytes) => ({ sizeBytes, bufferBytes }))
    );
    const starting = pairs.map(({ bufferBytes }) =>
      context.host.start("echo", [
        ...["--buffer", `${bufferBytes}`, "--backlog", `${2 * CLIENTS}`, "--model", "single"],
      ])
    );
    return await withServers(starting, async (servers) => {
      const cases = pairs.map((pair, i) => ({ ...pair, server: servers[i], echoes: 0 }));
      const targets = context.targets.filter(({ padsTo }) => padsTo === null);
      const variants = await measure([
        ...cases.map((one) => spec(one, context)),
        ...targets.flatMap((target) =>
          SIZES[kind].map((sizeBytes) => foreignSpec(target, sizeBytes, context))
        ),
      ], context);
      for (const [i, one] of cases.entries()) await countPieces(one, variants[i]);
      return {
        setup: [
          `${formatCount(CLIENTS)} clients connect at once; each sends one message that no other ` +
          "message equals, and compares the echo byte by byte.",
          `Messages of ${SIZES[kind].map(formatCount).join(", ")} bytes, --buffer of ` +
          `${BUFFERS[kind].map(formatCount).join(", ")} bytes, each pair in a server of its own, ` +
          "which counts the pieces it sends.",
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "Pieces per message",
            figure: "piecesPerMessage",
            groups: SIZES[kind].map(groupOf),
          },
          {
            kind: "bars",
            title: "Messages per second of 1,000 clients at once",
            figure: "messagesPerSecond",
            groups: SIZES[kind].map(groupOf),
          },
          {
            kind: "cdf",
            title: `Echo latency of ${groupOf(SIZES[kind].at(-1)!)}`,
            of: "echo",
            group: groupOf(SIZES[kind].at(-1)!),
          },
        ],
        findings: [
          ...conclude(
            variants.filter(({ label }) => context.targets.every(({ name }) => name !== label)),
            SIZES[kind].at(-1)!,
            BUFFERS[kind],
          ),
          ...context.targets.flatMap((target) => foreignFindings(target, variants)),
        ],
      };
    });
  },
};

function groupOf(sizeBytes: number): string {
  return `messages of ${formatCount(sizeBytes)} B`;
}

function labelOf(bufferBytes: number): string {
  return `buffer ${formatBytes(bufferBytes)}`;
}

function spec(one: Case, { signal }: LabContext): VariantSpec {
  const { sizeBytes, bufferBytes, server } = one;
  return {
    group: groupOf(sizeBytes),
    label: labelOf(bufferBytes),
    run: async () => {
      const load = { clients: CLIENTS, messages: 1, sizeBytes, signal };
      const sample = await echoSample(server, load);
      one.echoes += sample.ok;
      return sample;
    },
  };
}

/**
 * A message to a server of `--target`, with a short timeout: what does not come back soon never
 * will.
 */
function foreignSpec(
  target: ForeignTarget,
  sizeBytes: number,
  { signal }: LabContext,
): VariantSpec {
  const load = {
    clients: CLIENTS,
    messages: 1,
    sizeBytes,
    timeoutMs: FOREIGN_TIMEOUT_MS,
    signal,
  };
  return { group: groupOf(sizeBytes), label: target.name, run: () => echoSample(target, load) };
}

/** Whether a server of `--target` sent back what it got. */
function foreignFindings(
  { name, padsTo }: ForeignTarget,
  variants: readonly VariantResult[],
): Finding[] {
  if (padsTo !== null) {
    return [{
      text:
        `${name} pads each echo to ${padsTo} bytes, so no message of another size comes back as ` +
        "it was: it was not measured. 'ktcp check echo' says more.",
    }];
  }
  return variants.filter(({ label, samples }) => label === name && samples.length > 0).map(
    ({ group, failed, samples }): Finding => ({
      text: failed === 0
        ? `${group}: every echo of ${name} came back whole and right.`
        : `${group}: ${formatCount(failed)} of ${
          formatCount(CLIENTS * samples.length)
        } echoes of ` +
          `${name} did not come back whole and right within ${FOREIGN_TIMEOUT_MS / 1000} s.`,
      about: `${name}: echoes`,
      verdict: failed === 0 ? "equal" : "lower",
    }),
  );
}

/** Ends the server of a case, whose summary reports what passed through it. */
async function countPieces({ server, echoes, sizeBytes }: Case, variant: VariantResult) {
  const summary = await server.stop();
  if (summary === null || echoes === 0) return;
  const pieces = summary.served / echoes;
  const lost = summary.bytesIn - summary.bytesOut +
    Math.max(0, echoes * sizeBytes - summary.bytesIn);
  variant.spreads.piecesPerMessage = { median: pieces, low: pieces, high: pieces };
  variant.spreads.lostBytes = { median: lost, low: lost, high: lost };
}

function conclude(variants: VariantResult[], largest: number, sizes: number[]): Finding[] {
  const measured = variants.filter(({ samples }) => samples.length > 0);
  const failed = measured.reduce((sum, variant) => sum + variant.failed, 0);
  const lost = measured.reduce((sum, { spreads }) => sum + (spreads.lostBytes?.median ?? 0), 0);
  const find = (bufferBytes: number) =>
    variants.find((v) => v.group === groupOf(largest) && v.label === labelOf(bufferBytes));
  const [small, large] = [find(sizes[0]), find(sizes.at(-1)!)];
  const pieces = (variant?: VariantResult) => variant?.spreads.piecesPerMessage?.median ?? 0;
  const findings: Finding[] = measured.length === 0 ? [] : [{
    text: failed === 0 && lost === 0
      ? "Nothing was lost: every echo came back whole and right, and every server sent as many " +
        "bytes as it received. A message longer than the buffer is sent in pieces, each whole " +
        "before the next is read."
      : `${formatCount(failed)} echoes failed and ${formatCount(lost)} bytes were lost.`,
  }];
  if (pieces(small) > 0 && pieces(large) > 0) {
    findings.push({
      text: `${formatCount(largest)} bytes take ${formatCount(pieces(small))} pieces with ` +
        `${small!.label}, ${formatCount(pieces(large))} with ${large!.label} ` +
        `(${formatCount(Math.ceil(largest / sizes[0]))} and ` +
        `${formatCount(Math.ceil(largest / sizes.at(-1)!))} if each read filled the buffer). TCP ` +
        "is a stream: where a read ends depends on what has arrived, not on messages.",
    });
  }
  return [
    ...findings,
    ...finding(small, large, "messagesPerSecond", {
      meaning: {
        lower: "Each piece costs a read and a write of its own.",
        equal: "The pieces cost less than the rest of the exchange.",
      },
    }),
    ...noiseFinding(measured, "messagesPerSecond"),
  ];
}
