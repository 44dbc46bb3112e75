/** Lab `keepalive`: a new connection for each request against a persistent one. */
import { formatCount } from "../../system/units.ts";
import type { DropOutcome } from "../../system/sockets/port_sockets.ts";
import type { Lab, LabContext, Target } from "./lab.ts";
import { connections, httpSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";

const CONCURRENCIES = { quick: [1, 8, 32], full: [1, 4, 16, 64, 256] };
/** The group of the server that the lab starts; sockets of other servers are not dropped. */
const OWN = "ktcp http";
const DURATION_MS = { quick: 150, full: 2000 };
const WARMUP_MS = 100;
const MODES = [
  { label: "keep-alive", isKeepAlive: true },
  { label: "close", isKeepAlive: false },
];

export const keepalive: Lab = {
  name: "keepalive",
  question: "What does a new connection per request cost?",
  seconds: { quick: 4, full: 107 },
  takes: ["http"],
  async run(context) {
    const { host, isQuick, targets } = context;
    const kind = isQuick ? "quick" : "full";
    const starting = [
      host.start("http", ["--model", "single", "--backlog", "1024", "--idle-timeout", "30s"]),
    ];
    return await withServers(starting, async ([server]) => {
      const foreign = targets.filter(({ protocol }) => protocol === "http");
      const servers = [{ group: OWN, target: server as Target }]
        .concat(foreign.map((target) => ({ group: target.name, target })));
      // The first requests compile the server's code.
      await warmUp(server, context);
      const drops: DropOutcome[] = [];
      const specs = servers.flatMap((one) => specsFor(one, drops, context));
      const variants = await measure(specs, context);
      return {
        setup: [
          "'ktcp http --model single' answers \"Hello World!\"; once over connections that stay " +
          "(HTTP/1.1), once over a connection for each request (HTTP/1.0), where the server " +
          "closes first.",
          `${CONCURRENCIES[kind].join(", ")} connections at a time, ${DURATION_MS[kind]} ms a run.`,
          "TIME-WAIT counts the sockets of the server's port in that state after each run, less " +
          "those before it.",
        ],
        variants,
        drawings: [
          {
            kind: "lines",
            title: "Throughput over concurrency",
            figure: "requestsPerSecond",
            group: OWN,
            x: "connections",
          },
          {
            kind: "bars",
            title: "CPU time of the server per request",
            figure: "cpuUsPerRequest",
            groups: [OWN],
          },
          {
            kind: "cdf",
            title: `Latency with ${CONCURRENCIES[kind][1]} connections`,
            of: "latency",
            group: OWN,
            x: CONCURRENCIES[kind][1],
          },
        ],
        findings: conclude(variants, { concurrencies: CONCURRENCIES[kind], drops, foreign }),
      };
    });
  },
};

async function warmUp(target: Target, { signal }: LabContext): Promise<void> {
  for (const { isKeepAlive } of MODES) {
    const load = { concurrency: 8, isKeepAlive, durationMs: WARMUP_MS, signal };
    await httpSample(target, load);
  }
}

function specsFor(
  { group, target }: { group: string; target: Target },
  drops: DropOutcome[],
  context: LabContext,
): VariantSpec[] {
  const kind = context.isQuick ? "quick" : "full";
  const { host, signal } = context;
  return CONCURRENCIES[kind].flatMap((concurrency) =>
    MODES.map(({ label, isKeepAlive }) => ({
      group,
      label,
      x: concurrency,
      xText: connections(concurrency),
      tick: String(concurrency),
      run: async (): Promise<Sample> => {
        const before = host.countTimeWait(target.port);
        const load = { concurrency, isKeepAlive, durationMs: DURATION_MS[kind], signal };
        const sample = await httpSample(target, load);
        const after = host.countTimeWait(target.port);
        if (before !== null && after !== null) {
          const left = Math.max(0, after - before);
          sample.figures.timeWaitLeft = left;
          if (sample.good > 0) sample.figures.timeWaitPerRequest = left / sample.good;
        }
        // So that none of this run's sockets ends, or is reused, during the next run.
        if (group === OWN) drops.push(host.dropTimeWait(target.port));
        return sample;
      },
    }))
  );
}

function conclude(
  variants: VariantResult[],
  { concurrencies, drops, foreign }: {
    concurrencies: number[];
    drops: DropOutcome[];
    foreign: readonly Target[];
  },
): Finding[] {
  const find = (label: string, x: number, group = OWN) =>
    variants.find((v) => v.group === group && v.label === label && v.x === x);
  const close = find("close", concurrencies[1]);
  const left = close?.spreads.timeWaitPerRequest?.median;
  const findings = concurrencies.flatMap((x) =>
    finding(find("keep-alive", x), find("close", x), "requestsPerSecond")
  );
  findings.push(
    ...finding(close, find("keep-alive", concurrencies[1]), "cpuUsPerRequest", {
      meaning: {
        higher: "A handshake, an accept and a close are much more work than one small request.",
      },
    }),
  );
  for (const { name } of foreign) {
    const x = concurrencies[1];
    const theirs = MODES.map(({ label }) => find(label, x, name));
    findings.push(
      ...finding(theirs[0], theirs[1], "requestsPerSecond"),
      ...finding(theirs[0], find("keep-alive", x), "requestsPerSecond"),
      ...finding(theirs[1], close, "requestsPerSecond"),
    );
  }
  if (left !== undefined) {
    const kept = find("keep-alive", concurrencies[1])?.spreads.timeWaitLeft?.median ?? 0;
    findings.push({
      text: `A connection per request left ${Number(left.toPrecision(2))} sockets in TIME-WAIT ` +
        `per request, keep-alive ${formatCount(kept)} in a whole run. The end that closes first ` +
        "keeps the socket for 60 s in Linux." +
        (left < 0.98 ? " New connections took the place of some before that (RFC 6191)." : ""),
      about: "TIME-WAIT per request",
      verdict: left > 0 ? "higher" : "equal",
    });
  }
  const refusal = drops.find((drop) => drop.refusal !== null)?.refusal;
  const sum = (key: "matched" | "dropped") => drops.reduce((total, drop) => total + drop[key], 0);
  if (drops.length > 0) {
    findings.push({
      text: refusal === undefined
        ? `Dropped ${formatCount(sum("dropped"))} of ${formatCount(sum("matched"))} TIME-WAIT ` +
          "sockets of this lab at once (SOCK_DESTROY), as 'ktcp sockets drop' does."
        : "The TIME-WAIT sockets of this lab stay until they end by themselves, after 60 s: " +
          refusal,
    });
  }
  return [...findings, ...noiseFinding(variants, "requestsPerSecond")];
}
