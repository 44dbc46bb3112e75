/** Lab `backlog`: connect storms on a server that does not accept for a moment. */
import { formatAmount, formatCount, formatLatency } from "../../system/units.ts";
import { capitalized } from "../report/text_layout.ts";
import type { Lab, LabContext, LabServer } from "./lab.ts";
import { echoSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import type { Finding } from "./verdict.ts";

const CLIENTS = 100;
/**
 * At least half of the clients: those that are refused all try again together a second later, and
 * need room then. With much shorter queues they would be refused for minutes.
 */
const BACKLOGS = { quick: [49, 75, 99], full: [49, 60, 75, 98, 99, 128] };
/** How long the server is stopped while the connects arrive, in ms. */
const PAUSE_MS = 300;
/**
 * The first SYN retransmission comes after one second (RFC 6298 section 2); minus some slack.
 */
const LATE_US = 900_000;
const GROUP = "storm";

export const backlog: Lab = {
  name: "backlog",
  question: "When does the accept queue overflow, and what does that do to clients?",
  seconds: { quick: 8, full: 25 },
  takes: [],
  async run(context) {
    const kind = context.isQuick ? "quick" : "full";
    const sizes = BACKLOGS[kind];
    const starting = sizes.map((size) =>
      context.host.start("echo", ["--model", "single", "--backlog", `${size}`])
    );
    return await withServers(starting, async (servers) => {
      const specs = servers.map((server, i) => spec(server, sizes[i], context));
      const variants = await measure(specs, context);
      return {
        setup: [
          `The server is stopped (SIGSTOP) for ${PAUSE_MS} ms: it accepts nothing, while the ` +
          "kernel keeps answering handshakes for it.",
          `Meanwhile ${CLIENTS} clients connect at once. The length of the accept queue is read ` +
          "just before the server continues (SIGCONT).",
          `Backlogs of ${sizes.join(", ")}. Overflows and SYN retransmissions are those that the ` +
          "kernel counted in this network namespace.",
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "Connections in the accept queue while the server is stopped",
            figure: "queueLength",
            groups: [GROUP],
          },
          {
            kind: "bars",
            title: "Connects that took 0.9 s or more",
            figure: "lateConnects",
            groups: [GROUP],
          },
          { kind: "cdf", title: "Connect latency by backlog", of: "connect", group: GROUP },
        ],
        findings: conclude(variants),
      };
    });
  },
};

function spec(server: LabServer, size: number, context: LabContext): VariantSpec {
  return { group: GROUP, label: `backlog ${size}`, run: () => storm(server, context) };
}

/** One storm. */
async function storm(server: LabServer, { host, signal }: LabContext): Promise<Sample> {
  let queue: { length: number; limit: number | null } | null = null;
  server.pause();
  const goOn = new Promise<void>((resolve) =>
    setTimeout(() => {
      queue = host.acceptQueue(server.port);
      server.resume();
      resolve();
    }, PAUSE_MS)
  );
  const load = { clients: CLIENTS, messages: 1, sizeBytes: 64, signal };
  const [sample] = await Promise.all([echoSample(server, load), goOn]).finally(() =>
    server.resume()
  );
  const { kernel, latencies, failed } = sample;
  const { connect } = latencies!;
  const { length, limit } = queue ?? { length: undefined, limit: null };
  return {
    failed,
    latencies,
    figures: {
      ...(length === undefined ? {} : { queueLength: length }),
      ...(limit === null ? {} : { queueLimit: limit }),
      ...(kernel
        ? { overflows: kernel.listenOverflows, synRetransmits: kernel.synRetransmits }
        : {}),
      ...(connect.count > 0
        ? {
          connectP50Us: connect.percentileUs(50),
          connectMaxUs: connect.maxUs,
          lateConnects: connect.count - connect.countUpTo(LATE_US),
        }
        : {}),
    },
  };
}

function conclude(variants: VariantResult[]): Finding[] {
  const findings: Finding[] = [];
  const median = (variant: VariantResult, key: keyof VariantResult["spreads"]) =>
    variant.spreads[key]?.median;
  const full = variants.filter((v) => (median(v, "overflows") ?? 0) > 0);
  const lengths = full.flatMap((variant) => {
    const [length, limit] = [median(variant, "queueLength"), median(variant, "queueLimit")];
    return length === undefined || limit === undefined ? [] : [{ length, limit }];
  });
  if (lengths.length > 0) {
    const isPlusOne = lengths.every(({ length, limit }) => length === limit + 1);
    const list = lengths.map(({ length, limit }) => `${length} for a backlog of ${limit}`);
    findings.push({
      text: `A full queue held ${list.join(", ")}: ` +
        (isPlusOne
          ? "one more than the backlog each time. The kernel refuses when the length is greater " +
            "than the limit, and not when it is equal to it."
          : "not always the backlog and one more."),
      about: "queue length: backlog + 1",
      verdict: isPlusOne ? "equal" : "unclear",
    });
  }
  for (const variant of variants) {
    const [overflows, syns = 0] = [median(variant, "overflows"), median(variant, "synRetransmits")];
    const [late, max] = [median(variant, "lateConnects"), median(variant, "connectMaxUs")];
    if (overflows === undefined || late === undefined || max === undefined) continue;
    findings.push({
      text: `${capitalized(variant.label)}: ` +
        (overflows > 0
          ? `${formatAmount(overflows, "overflow")}, ${formatAmount(syns, "SYN")} sent again, ` +
            `${formatCount(late)} of ${CLIENTS} connects took 0.9 s or more (the slowest ` +
            `${formatLatency(max)}).`
          : `no overflow; the slowest connect took ${formatLatency(max)}.`),
      about: `${variant.name}: overflows`,
      verdict: overflows > 0 ? "higher" : "equal",
    });
  }
  const late = full.reduce((sum, variant) => sum + (median(variant, "lateConnects") ?? 0), 0);
  if (late > 0) {
    findings.push({
      text:
        "A client whose SYN is dropped gets no answer: it waits for its retransmission timer, " +
        "a second at first. An accept queue that is too short shows as connects that take whole " +
        "seconds.",
    });
  }
  const roomy = variants.find((v) => median(v, "overflows") === 0);
  if (roomy && full.length > 0) {
    findings.push({
      text: `A queue with room for the burst (${roomy.label}, ${CLIENTS} clients) makes a pause ` +
        "of the server a short wait instead. 'ktcp doctor' says what net.core.somaxconn allows.",
    });
  }
  return findings;
}
