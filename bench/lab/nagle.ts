/** Lab `nagle`: answers in several writes, with Nagle's algorithm, without it, and with a cork. */
import { formatLatency } from "../../system/units.ts";
import { counterGrowth, type CounterSources, readCounters } from "../../system/netstat.ts";
import type { ForeignTarget, Lab, LabContext, Target } from "./lab.ts";
import { httpSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";

/** Pieces of an answer. */
const WRITES = [1, 2, 4];
const MODES = [
  { label: "Nagle", args: ["--nagle"] },
  { label: "NODELAY", args: ["--nodelay"] },
  { label: "CORK", args: ["--cork"] },
];
const DURATION_MS = { quick: 120, full: 1500 };

const KEPT = "one connection that stays";
const CLOSE = "a connection per request";
const FOREIGN = "other servers";

/** The kernel's counters, for both ends; other traffic counts as well. */
const COUNTERS = {
  segments: ["Tcp", "OutSegs"],
  delayedAcks: ["TcpExt", "DelayedACKs"],
} as const satisfies CounterSources<string>;

/** Number of requests above which a few foreign segments hardly matter. */
const ENOUGH = 100;

/** Linux delays an ACK by at least 40 ms (TCP_DELACK_MIN); minus some slack. */
const DELAYED_US = 35_000;

/** Delayed ACKs per request above which a server's answers are taken to wait for them. */
const MANY_DELAYED = 0.5;

export const nagle: Lab = {
  name: "nagle",
  question: "Why is a server slow that sends an answer in several writes?",
  seconds: { quick: 8, full: 100 },
  takes: ["http"],
  async run(context) {
    const pairs = MODES.flatMap((mode) => WRITES.map((writes) => ({ ...mode, writes })));
    const starting = pairs.map(({ args, writes }) =>
      context.host.start("http", [
        ...["--model", "single", "--engine", "epoll", "--writes", `${writes}`, ...args],
      ])
    );
    return await withServers(starting, async (servers) => {
      const kept = pairs.map(({ label, writes }, i) =>
        spec({ group: KEPT, label, writes }, servers[i], context)
      );
      const most = WRITES.at(-1)!;
      const closed = pairs.flatMap(({ label, writes }, i) =>
        writes === most ? [spec({ group: CLOSE, label, writes }, servers[i], context)] : []
      );
      const foreign = context.targets.map((target) =>
        spec({ group: FOREIGN, label: target.name }, target, context)
      );
      const variants = await measure([...kept, ...closed, ...foreign], context);
      return {
        setup: [
          "'ktcp http --engine epoll --model single' sends \"Hello World!\" with its head in " +
          `${WRITES.join(", ")} equal pieces, each with a send(2) of its own: with Nagle's ` +
          "algorithm, with TCP_NODELAY, and between setting and clearing TCP_CORK.",
          "One client asks over one connection, and asks again when it has the whole answer; with " +
          `${most} pieces also over a connection for each request, as tiny is asked. ` +
          `${context.isQuick ? DURATION_MS.quick : DURATION_MS.full} ms a run.`,
          "Segments (Tcp OutSegs) and delayed ACKs (TcpExt DelayedACKs) are those that the kernel " +
          "counted for both ends in this network namespace, over the requests. Others' traffic counts " +
          `as well: segments are left out where there were fewer than ${ENOUGH} requests.`,
        ],
        variants,
        drawings: [
          {
            kind: "lines",
            title: "Requests per second over one connection",
            figure: "requestsPerSecond",
            group: KEPT,
            x: "writes",
          },
          {
            kind: "bars",
            title: "Segments per request, both directions",
            figure: "segmentsPerRequest",
            groups: [KEPT],
          },
          {
            kind: "bars",
            title: "Requests per second, a connection per request",
            figure: "requestsPerSecond",
            groups: [CLOSE],
          },
          { kind: "cdf", title: "Latency of 2 writes", of: "latency", group: KEPT, x: 2 },
        ],
        findings: conclude(variants, context.targets),
      };
    });
  },
};

function spec(
  { group, label, writes }: { group: string; label: string; writes?: number },
  target: Target,
  { isQuick, signal }: LabContext,
): VariantSpec {
  const place = writes === undefined
    ? {}
    : { x: writes, xText: writes === 1 ? "1 write" : `${writes} writes`, tick: `${writes}` };
  const load = {
    concurrency: 1,
    isKeepAlive: group !== CLOSE,
    durationMs: isQuick ? DURATION_MS.quick : DURATION_MS.full,
    signal,
  };
  return { group, label, ...place, run: () => counted(() => httpSample(target, load)) };
}

/** Adds the growth of the kernel's counters per successful answer. */
async function counted(run: () => Promise<Sample & { good: number }>): Promise<Sample> {
  const before = readCounters(COUNTERS);
  const sample = await run();
  const growth = counterGrowth(before, readCounters(COUNTERS));
  if (growth && sample.good >= ENOUGH) {
    sample.figures.segmentsPerRequest = growth.segments / sample.good;
  }
  if (growth && sample.good > 0) {
    sample.figures.delayedAcksPerRequest = growth.delayedAcks / sample.good;
  }
  return sample;
}

function conclude(variants: VariantResult[], targets: readonly ForeignTarget[]): Finding[] {
  const find = (label: string, writes: number, group = KEPT) =>
    variants.find((v) => v.group === group && v.label === label && v.x === writes);
  const most = WRITES.at(-1)!;
  const [corked, plain] = ["CORK", "NODELAY"].map((label) =>
    find(label, most)?.spreads.segmentsPerRequest?.median
  );
  return [
    ...finding(find("Nagle", 1), find("NODELAY", 1), "requestsPerSecond", {
      meaning: { equal: "An answer in one write has no second piece that could wait." },
    }),
    ...finding(find("Nagle", 2), find("NODELAY", 2), "requestsPerSecond", {
      meaning: {
        lower:
          "The second piece waits until the first one is acknowledged, and the client delays " +
          "its ACK, because it has nothing to send with it.",
      },
    }),
    ...delayFinding(find("Nagle", 2)),
    ...finding(find("CORK", most), find("NODELAY", most), "requestsPerSecond"),
    ...(corked !== undefined && plain !== undefined
      ? [{
        text: `${most} writes take ${Number(plain.toPrecision(2))} segments a request with ` +
          `NODELAY, ${
            Number(corked.toPrecision(2))
          } with CORK, ACKs included: a cork gathers the ` +
          "pieces into one segment, NODELAY sends each of them by itself.",
      }]
      : []),
    ...finding(find("CORK", most, CLOSE), find("Nagle", most, CLOSE), "requestsPerSecond", {
      meaning: {
        higher:
          "A report found a larger gain with tiny (4,000 requests/s, 17,000 with TCP_CORK), " +
          "which writes more and smaller pieces, on other hardware.",
      },
    }),
    ...delayFinding(find("Nagle", most, CLOSE)),
    ...targets.flatMap(({ name }) =>
      delayFinding(variants.find(({ group, label }) => group === FOREIGN && label === name))
    ),
    ...noiseFinding(variants.filter(({ label }) => label !== "Nagle"), "requestsPerSecond"),
  ];
}

/** Whether answers waited for delayed ACKs, judged by their latency and the kernel's counters. */
function delayFinding(variant: VariantResult | undefined): Finding[] {
  const { p50Us, delayedAcksPerRequest: delayed } = variant?.spreads ?? {};
  if (!variant || !p50Us || !delayed) return [];
  const isDelayed = p50Us.median >= DELAYED_US && delayed.median >= MANY_DELAYED;
  return [{
    text:
      `${variant.name}: half of the answers take ${formatLatency(p50Us.median)} or more, with ` +
      `${Number(delayed.median.toPrecision(2))} delayed ACKs a request: ` +
      (isDelayed
        ? "the 40 ms are the shortest time by which Linux delays an ACK (TCP_DELACK_MIN)."
        : "they do not wait for delayed ACKs."),
    about: `${variant.name}: delayed ACKs`,
    verdict: isDelayed ? "higher" : "equal",
  }];
}
