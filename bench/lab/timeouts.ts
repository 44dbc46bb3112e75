/**
 * Lab `timeouts`: when idle and slow connections are closed, and what they cost other connections.
 */
import { formatCount, formatLatency } from "../../system/units.ts";
import { readSystemLimits } from "../../system/limits.ts";
import { HeldConnections, type HeldOptions } from "../load/held_connections.ts";
import { LatencyHistogram } from "../stats/histogram.ts";
import type { FigureValues } from "./figures.ts";
import type { Lab, LabContext, LabServer, Target } from "./lab.ts";
import { httpSample, withServers } from "./loads.ts";
import {
  measure,
  type Sample,
  summarizeVariant,
  type VariantResult,
  type VariantSpec,
} from "./measure.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";

const IDLE_MS = { quick: [500, 800], full: [1000, 2000, 5000] };
const IDLE_CONNECTIONS = { quick: 1000, full: 5000 };
/** Connections that send a request twice per idle timeout. */
const SLOW_CONNECTIONS = 50;
/** The other connections, whose throughput is measured. */
const OTHERS = 8;
const BASE_MS = { quick: 250, full: 600 };
/** Resolution of the servers' timers, in ms: a timeout may fire this much late. */
const TICK_MS = 250;
/** Timeout of a head, in ms: longer than the idle timeouts, so that the two can be told apart. */
const HEAD_MS = { quick: 3000, full: 10_000 };
const DRIPPERS = 50;
const DRIP_MS = 500;
/** How long to wait for a close after it is expected, in ms. */
const PATIENCE_MS = 3000;
/**
 * Idle connections to a server of `--target`, and how long they are held, as its timeout is
 * unknown.
 */
const FOREIGN_CONNECTIONS = 20;
const FOREIGN_MS = { quick: 6000, full: 60_000 };
const GROUP = "idle connections";
const FOREIGN_GROUP = "other servers";
const DRIP_GROUP = "slow heads";
const BASE = "none";
const NEVER = "held, never closed";

export const timeouts: Lab = {
  name: "timeouts",
  question: "Does the idle timer really close connections, and what does it cost?",
  seconds: { quick: 10, full: 60 },
  takes: ["http"],
  async run(context) {
    const { host, isQuick } = context;
    const settings = isQuick ? IDLE_MS.quick : IDLE_MS.full;
    const headMs = isQuick ? HEAD_MS.quick : HEAD_MS.full;
    const count = idleConnections(isQuick);
    const start = (idleMs: number) =>
      host.start("http", [
        ...["--model", "single", "--backlog", "1024", "--max-connections", `${2 * count + 1000}`],
        ...["--idle-timeout", `${idleMs}ms`, "--head-timeout", `${headMs}ms`],
      ]);
    return await withServers([...settings, 0, settings[0]].map(start), async (servers) => {
      const [never, dripped] = servers.slice(settings.length);
      // This takes seconds but hardly any CPU time, so the rest is measured meanwhile.
      const dripping = dripHeads(dripped, { headMs, signal: context.signal });
      // Its error is thrown when the promise is awaited below.
      dripping.catch(() => {});
      const foreign = context.targets.map((target) => holdIdle(target, context));
      for (const one of foreign) one.catch(() => {});
      const variants = await measure([
        { group: GROUP, label: BASE, run: () => others(never, baseMs(context), context) },
        { group: GROUP, label: NEVER, run: () => withIdle(never, { count, idleMs: 0, context }) },
        ...settings.map((idleMs, i): VariantSpec => ({
          group: GROUP,
          label: labelOf(idleMs),
          run: () => withIdle(servers[i], { count, idleMs, context }),
        })),
      ], context);
      variants.push(await dripping, ...await Promise.all(foreign));
      return {
        setup: [
          `${formatCount(count)} connections to 'ktcp http' that never send a byte, with idle ` +
          `timeouts of ${settings.map((ms) => `${ms} ms`).join(", ")}; ${SLOW_CONNECTIONS} slow ` +
          "ones beside them, with a request in every half of the timeout.",
          `Meanwhile ${OTHERS} keep-alive connections ask as fast as they can; '${BASE}' is their ` +
          `throughput without company, '${NEVER}' with idle connections and no timeout.`,
          `${DRIPPERS} connections send the head of a request a byte every ${DRIP_MS} ms: they are ` +
          `not idle, and yet have ${headMs / 1000} s for a whole head.`,
          ...context.targets.map(({ name }) =>
            `${name}: ${FOREIGN_CONNECTIONS} connections that never send a byte, for ` +
            `${FOREIGN_MS[isQuick ? "quick" : "full"] / 1000} s.`
          ),
        ],
        variants,
        drawings: [
          { kind: "cdf", title: "When idle connections were closed", of: "closing", group: GROUP },
          {
            kind: "bars",
            title: "Throughput of the others",
            figure: "requestsPerSecond",
            groups: [GROUP],
          },
        ],
        findings: conclude(variants, { settings, headMs, count, isQuick }),
      };
    });
  },
};

function labelOf(idleMs: number): string {
  return `idle timeout ${idleMs} ms`;
}

/** As many as wanted, or as the limit on open files allows, which the others share. */
function idleConnections(isQuick: boolean): number {
  const wanted = isQuick ? IDLE_CONNECTIONS.quick : IDLE_CONNECTIONS.full;
  const limit = readSystemLimits().openFiles?.soft ?? wanted;
  return Math.max(10, Math.min(wanted, Math.floor(limit / 2) - 200));
}

/** How long the others are measured where no timeout is waited for. */
function baseMs({ isQuick }: LabContext): number {
  return isQuick ? BASE_MS.quick : BASE_MS.full;
}

function others(target: LabServer, durationMs: number, { signal }: LabContext): Promise<Sample> {
  return httpSample(target, { concurrency: OTHERS, isKeepAlive: true, durationMs, signal });
}

/** The throughput of other connections beside idle ones, and when the idle ones are closed. */
async function withIdle(
  server: LabServer,
  { count, idleMs, context }: { count: number; idleMs: number; context: LabContext },
): Promise<Sample> {
  const { held: idle, closing } = await hold(server, { count });
  const slow = idleMs > 0
    ? await hold(server, {
      count: SLOW_CONNECTIONS,
      sends: { what: "request", everyMs: idleMs / 2 },
    })
    : null;
  try {
    const sample = await others(server, idleMs > 0 ? idleMs + TICK_MS : baseMs(context), context);
    if (idleMs > 0) await idle.allClosed(PATIENCE_MS);
    const open = await idle.end();
    const figures = { ...sample.figures, closed: closing.count, open };
    if (closing.count === 0) return { ...sample, figures };
    return {
      failed: sample.failed,
      latencies: { ...sample.latencies, closing },
      figures: {
        ...figures,
        ...(slow ? { slowOpen: await slow.held.end() } : {}),
        ...closingFigures(closing),
      },
    };
  } finally {
    await Promise.all([idle.end(), slow?.held.end()]);
  }
}

/**
 * Opens connections to `target`; `closing` is when the server closes them.
 *
 * @throws when one of them cannot be opened
 */
async function hold(target: Target, options: HeldOptions) {
  const closing = new LatencyHistogram();
  const held = new HeldConnections(target, { ...options, onClosed: (us) => closing.record(us) });
  await held.opened;
  if (held.failure) {
    await held.end();
    throw held.failure;
  }
  return { held, closing };
}

/** Sends heads one byte at a time. */
async function dripHeads(
  target: Target,
  { headMs, signal }: { headMs: number; signal: AbortSignal },
): Promise<VariantResult> {
  const spec = { group: DRIP_GROUP, label: `a byte every ${DRIP_MS} ms` };
  const { held, closing } = await hold(target, {
    count: DRIPPERS,
    sends: { what: "head", everyMs: DRIP_MS },
  });
  const stop = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stop.resolve());
  try {
    await Promise.race([held.allClosed(headMs + PATIENCE_MS), stop.promise]);
    const open = await held.end();
    if (closing.count === 0) return summarizeVariant(spec, []);
    const figures = {
      closed: closing.count,
      open,
      ...closingFigures(closing),
    };
    return summarizeVariant(spec, [{ failed: 0, figures, latencies: { closing } }]);
  } finally {
    await held.end();
  }
}

/** Holds connections to a server of `--target` that send nothing. */
async function holdIdle(
  target: Target,
  { isQuick, signal }: LabContext,
): Promise<VariantResult> {
  const spec = { group: FOREIGN_GROUP, label: target.name };
  const { held, closing } = await hold(target, { count: FOREIGN_CONNECTIONS });
  const stop = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stop.resolve());
  try {
    const patienceMs = isQuick ? FOREIGN_MS.quick : FOREIGN_MS.full;
    await Promise.race([held.allClosed(patienceMs), stop.promise]);
    const open = await held.end();
    const figures = { closed: closing.count, open, ...closingFigures(closing) };
    return summarizeVariant(spec, [{ failed: 0, figures, latencies: { closing } }]);
  } finally {
    await held.end();
  }
}

/** When connections were closed; no figures if none was. */
function closingFigures(closing: LatencyHistogram): FigureValues {
  if (closing.count === 0) return {};
  return {
    closeMinUs: closing.minUs,
    closeP50Us: closing.percentileUs(50),
    closeMaxUs: closing.maxUs,
  };
}

/** How a server of `--target` treated idle connections. */
function foreignFinding({ label, name, spreads }: VariantResult, isQuick: boolean): Finding {
  const heldMs = isQuick ? FOREIGN_MS.quick : FOREIGN_MS.full;
  const { closed, open, closeMinUs, closeMaxUs } = spreads;
  const text = closed?.median && closeMinUs && closeMaxUs
    ? `${label} closed ${closed.median} of ${FOREIGN_CONNECTIONS} idle connections, ` +
      `${formatLatency(closeMinUs.median)} to ${
        formatLatency(closeMaxUs.median)
      } after they were ` +
      "opened."
    : `${label} left all ${open?.median ?? 0} idle connections open for ` +
      `${formatLatency(heldMs * 1000)}: if it closes them at all, it does so later.`;
  return { text, about: `${name}: closing time` };
}

function conclude(
  variants: VariantResult[],
  { settings, headMs, count, isQuick }: {
    settings: number[];
    headMs: number;
    count: number;
    isQuick: boolean;
  },
): Finding[] {
  const find = (label: string) => variants.find((variant) => variant.label === label);
  const findings = settings.flatMap((idleMs) =>
    closings(find(labelOf(idleMs)), { settingMs: idleMs, count })
  );
  const drip = variants.find(({ group }) => group === DRIP_GROUP);
  findings.push(...closings(drip, { settingMs: headMs, count: DRIPPERS }));
  for (const idleMs of settings) {
    const slowOpen = find(labelOf(idleMs))?.spreads.slowOpen?.low;
    if (slowOpen === undefined) continue;
    const kept = slowOpen === SLOW_CONNECTIONS
      ? `all ${SLOW_CONNECTIONS} slow connections stayed`
      : `only ${slowOpen} of the ${SLOW_CONNECTIONS} slow connections stayed in one repetition`;
    findings.push({
      text: `Idle timeout ${idleMs} ms: ${kept}, with a request every ${idleMs / 2} ms.`,
      about: `slow connections at ${idleMs} ms`,
      verdict: slowOpen === SLOW_CONNECTIONS ? "equal" : "lower",
    });
  }
  return [
    ...findings,
    ...finding(find(NEVER), find(BASE), "requestsPerSecond", {
      meaning: {
        equal: "Connections that only stay cost memory, and no time.",
        lower: "Connections that only stay take time from the others here.",
      },
    }),
    ...settings.flatMap((idleMs) =>
      finding(find(labelOf(idleMs)), find(BASE), "requestsPerSecond")
    ),
    ...variants.filter(({ group }) => group === FOREIGN_GROUP)
      .map((variant) => foreignFinding(variant, isQuick)),
    ...noiseFinding(variants, "requestsPerSecond"),
  ];
}

/** Compares the times of closing with the setting. */
function closings(
  variant: VariantResult | undefined,
  { settingMs, count }: { settingMs: number; count: number },
): Finding[] {
  const { closeMinUs, closeMaxUs, open } = variant?.spreads ?? {};
  if (!variant || !closeMinUs || !closeMaxUs || !open) return [];
  const isEarly = closeMinUs.low < settingMs * 1000;
  // Closing many connections at once on busy cores takes time, and so does noticing it.
  const isLate = closeMaxUs.median > (settingMs + 3 * TICK_MS) * 1000;
  const verdict = isEarly ? "lower" : isLate || open.high > 0 ? "higher" : "equal";
  const said = {
    lower: "some came too early",
    higher: open.high > 0
      ? `up to ${formatCount(open.high)} were not closed in time`
      : "some came late",
    equal: `none too early, all within ${3 * TICK_MS} ms after it (the timers turn every ` +
      `${TICK_MS} ms)`,
  }[verdict];
  return [{
    text: `${variant.label}: ${formatCount(count)} connections were closed ` +
      `${formatLatency(closeMinUs.low)} to ${formatLatency(closeMaxUs.high)} after they were ` +
      `opened, for a limit of ${formatLatency(settingMs * 1000)}: ${said}.`,
    about: `${variant.name}: closing time`,
    verdict,
  }];
}
