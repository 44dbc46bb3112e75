/** Lab `multiplex`: the cost of asking which sockets are ready. */
import { engineSupport, type LinuxEngine } from "../../system/linux/engines.ts";
import { readOpenFiles } from "../../system/limits.ts";
import { formatAmount, formatCount, formatLatency } from "../../system/units.ts";
import { IdleConnections } from "./idle_connections.ts";
import type { Lab, LabContext, LabServer, Target } from "./lab.ts";
import { echoSample, paddingNotes, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { unavailable } from "./unavailable.ts";
import { compare, factor, type Finding, noiseFinding } from "./verdict.ts";

/** Active clients; each sends after the echo of its last message. */
const ACTIVE = 4;
/** FD_SETSIZE: select only watches descriptors below this. */
const FD_SETSIZE = 1024;
/** Descriptors that a server has besides its connections, and some slack. */
const OWN_DESCRIPTORS = 100;
/** Descriptors to spare for this process, and for a server that is cautious about its limit. */
const RESERVE = 1000;
/** Idle connections with which select can still work. */
const SELECT_IDLE = 900;
/** Connections that are tried beyond the limit of select. */
const ATTEMPTS = 1100;
/** How long a server may take for the next one, in ms. */
const ATTEMPT_MS = 300;
/** Bytes of a message. */
const SIZE = 64;
/** Messages of each client from which the rate is estimated. */
const PILOT = 40;

const AMOUNTS = {
  quick: { idle: [0, SELECT_IDLE, 2500], durationMs: 80 },
  full: { idle: [0, SELECT_IDLE, 5000, 10_000], durationMs: 600 },
};

const LOAD = "echoes beside idle connections";
const END = `${formatCount(ATTEMPTS)} connections at once`;

/** A way of asking. */
interface Way {
  label: string;
  engine: LinuxEngine;
  args?: readonly string[];
}

const WAYS: readonly Way[] = [
  { label: "select", engine: "select" },
  { label: "poll", engine: "poll" },
  { label: "epoll, level", engine: "epoll", args: ["--trigger", "level"] },
  { label: "epoll, edge", engine: "epoll", args: ["--trigger", "edge"] },
  { label: "io_uring", engine: "io_uring" },
];
const [SELECT, POLL, EPOLL] = WAYS.map(({ label }) => label);

export const multiplex: Lab = {
  name: "multiplex",
  question: "What does it cost to ask which sockets are ready?",
  seconds: { quick: 12, full: 100 },
  takes: ["echo"],
  async run(context) {
    const { reason } = engineSupport("epoll");
    if (reason !== undefined) return unavailable(reason);
    const amount = context.isQuick ? AMOUNTS.quick : AMOUNTS.full;
    const limit = readOpenFiles()?.soft ?? Infinity;
    const wanted = amount.idle.at(-1)!;
    const most = Math.max(0, Math.min(wanted, limit - RESERVE));
    const idle = [...new Set(amount.idle.map((count) => Math.min(count, most)))];
    const missing = WAYS.flatMap(({ label, engine }) => {
      const { isAvailable, reason } = engineSupport(engine);
      return isAvailable ? [] : [`Without ${label}: ${reason}.`];
    });
    const ways = WAYS.filter(({ engine }) => engineSupport(engine).isAvailable);
    const starting = ways.map((way) => start(way, most, context));
    return await withServers(starting, async (servers) => {
      const own = servers.map((server, i) => ({ way: ways[i], server }));
      const variants = await measure([
        ...own.flatMap(({ way, server }) =>
          idle.filter((count) => way.engine !== "select" || count <= SELECT_IDLE)
            .map((count) => loadSpec(way.label, server, { count, isReset: true }, context))
        ),
        ...context.targets.flatMap((target) =>
          idle.map((count) => loadSpec(target.name, target, { count, isReset: false }, context))
        ),
        ...(most >= ATTEMPTS ? own.map(({ way, server }) => endSpec(way.label, server)) : []),
      ], context);
      return {
        setup: [
          "Servers: 'ktcp echo' with one thread, and a different --engine for each: how it learns " +
          "which of its sockets it can use.",
          `Load: ${ACTIVE} clients send ${SIZE} bytes, each after the echo of its last message, for ` +
          `about ${amount.durationMs} ms; beside them ${idle.map(formatCount).join(", ")} ` +
          "connections are open and do nothing. The clients use epoll themselves.",
          ...(most < wanted
            ? [
              `No more than ${formatCount(most)} idle connections, and not ` +
              `${formatCount(wanted)}: a process may open ${formatCount(limit)} files ` +
              "(RLIMIT_NOFILE, 'ulimit -n').",
            ]
            : []),
          ...missing,
          ...paddingNotes(context.targets),
          "System calls are counted by the server itself, CPU time is that of its process.",
        ],
        variants,
        drawings: [
          {
            kind: "lines",
            title: "Messages per second beside idle connections",
            figure: "messagesPerSecond",
            group: LOAD,
            x: "idle connections",
          },
          {
            kind: "lines",
            title: "CPU time of the server per message",
            figure: "cpuUsPerMessage",
            group: LOAD,
            x: "idle connections",
          },
          {
            kind: "bars",
            title: `Connections served of ${formatCount(ATTEMPTS)}`,
            figure: "served",
            groups: [END],
          },
        ],
        findings: conclude(variants, idle, context.targets.map(({ name }) => name)),
      };
    });
  },
};

function start({ engine, args = [] }: Way, most: number, { host }: LabContext) {
  return host.start("echo", [
    ...["--model", "single", "--engine", engine, "--stats", "--idle-timeout", "0"],
    ...["--max-connections", `${Math.max(most, ATTEMPTS) + OWN_DESCRIPTORS}`, ...args],
  ]);
}

function loadSpec(
  label: string,
  target: Target | LabServer,
  idle: { count: number; isReset: boolean },
  context: LabContext,
): VariantSpec {
  const { count } = idle;
  let messages: number | undefined;
  return {
    group: LOAD,
    label,
    x: count,
    xText: `${formatCount(count)} idle`,
    tick: formatCount(count),
    run: async () => {
      const held = new IdleConnections(target, idle);
      try {
        await held.grow(count);
        messages ??= await messagesFor(target, context);
        return await sampleOf(target, messages, context);
      } finally {
        await held.close();
      }
    },
  };
}

/**
 * How many messages of each client take about as long as a measurement should. It is estimated from
 * their median latency, as a mean could be distorted by a moment in which the machine was busy.
 */
async function messagesFor(target: Target, context: LabContext): Promise<number> {
  const { durationMs } = context.isQuick ? AMOUNTS.quick : AMOUNTS.full;
  const { figures } = await echo(target, PILOT, context);
  return Math.max(PILOT, Math.round(durationMs * 1000 / (figures.p50Us ?? Infinity)));
}

function echo(
  target: Target & { padsTo?: number | null },
  messages: number,
  { signal }: LabContext,
) {
  return echoSample(target, {
    clients: ACTIVE,
    messages,
    sizeBytes: target.padsTo ?? SIZE,
    engine: "epoll",
    signal,
  });
}

async function sampleOf(
  target: Target | LabServer,
  messages: number,
  context: LabContext,
): Promise<Sample> {
  const countCalls = "countCalls" in target ? target.countCalls : () => Promise.resolve(null);
  const before = await countCalls();
  const sample = await echo(target, messages, context);
  const after = await countCalls();
  if (before !== null && after !== null && sample.ok > 0) {
    sample.figures.syscallsPerMessage = (after - before) / sample.ok;
  }
  return sample;
}

/** How many of the connections a server serves. */
function endSpec(label: string, server: LabServer): VariantSpec {
  return {
    group: END,
    label,
    run: async () => {
      const held = new IdleConnections(server, { isReset: true });
      try {
        return { failed: 0, figures: { served: await held.tryMore(ATTEMPTS, ATTEMPT_MS) } };
      } finally {
        await held.close();
      }
    },
  };
}

function conclude(variants: VariantResult[], idle: number[], targets: string[]): Finding[] {
  const find = (label: string, x: number) =>
    variants.find((v) => v.group === LOAD && v.label === label && v.x === x);
  const most = idle.at(-1)!;
  return [
    ...[...WAYS.map(({ label }) => label), ...targets].flatMap((label) => {
      const last = idle.findLast((count) => find(label, count) !== undefined);
      return last ? decline(find(label, last), find(label, 0), last) : [];
    }),
    ...perDescriptor(find(POLL, most), find(POLL, 0), most),
    ...against(find(EPOLL, most), find(POLL, most), most),
    ...selectEnds(variants),
    ...noiseFinding(variants.filter(({ group }) => group === LOAD), "messagesPerSecond"),
  ];
}

/** The effect of `idle` connections on a way, in CPU time per message. */
function decline(
  many: VariantResult | undefined,
  none: VariantResult | undefined,
  idle: number,
): Finding[] {
  const rates = [none, many].map((one) => one?.spreads.messagesPerSecond?.median);
  if (!many || rates[0] === undefined || rates[1] === undefined) return [];
  const cpu = compare(many, none, "cpuUsPerMessage");
  const key = cpu.verdict === "unmeasured" ? "messagesPerSecond" : "cpuUsPerMessage";
  const { verdict, ratio } = compare(many, none, key);
  const times = key === "cpuUsPerMessage" ? ratio : 1 / ratio;
  const text = `${many.label}: ${formatCount(rates[0])} messages/s alone, ` +
    `${formatCount(rates[1])} beside ${formatCount(idle)} idle connections` +
    (verdict === "unclear"
      ? "; its time per message is too noisy to conclude."
      : verdict === "equal"
      ? "; a message costs as much as before."
      : `; a message costs ${factor(times)} times as much${
        key === "cpuUsPerMessage" ? " CPU time" : ""
      }.`);
  return [{ text, about: `${many.name} / ${none!.name}: ${key}`, verdict, ratio }];
}

/** What each idle descriptor adds to a message under poll. */
function perDescriptor(
  many: VariantResult | undefined,
  none: VariantResult | undefined,
  idle: number,
): Finding[] {
  const [high, low] = [many, none].map((one) => one?.spreads.cpuUsPerMessage?.median);
  if (high === undefined || low === undefined || idle === 0 || high <= low) return [];
  const ns = 1000 * (high - low) / idle;
  return [{
    text:
      `With poll each idle connection adds ${formatCount(Number(ns.toPrecision(2)))} ns of CPU ` +
      "time to every message: for each wait the kernel looks at all entries of the array, and the " +
      "server looks through it again. (A wait that finds several sockets ready shares its cost " +
      "among their messages.)",
    about: "poll: CPU time per idle connection",
  }];
}

function against(
  epoll: VariantResult | undefined,
  poll: VariantResult | undefined,
  idle: number,
): Finding[] {
  const { verdict, ratio } = compare(epoll, poll, "messagesPerSecond");
  if (verdict !== "higher" && verdict !== "lower" && verdict !== "equal") return [];
  const [fast, slow] = [epoll, poll].map((one) => one!.spreads.cpuUsPerMessage?.median ?? null);
  const said = {
    higher: `${factor(ratio)} times as many messages/s as poll`,
    lower: `only ${factor(ratio)} times the messages/s of poll`,
    equal: "about as many messages/s as poll",
  }[verdict];
  return [{
    text: `Beside ${formatCount(idle)} idle connections epoll (level) carries ${said}` +
      (fast !== null && slow !== null
        ? `, with ${formatLatency(fast)} of CPU time per message against ${formatLatency(slow)}`
        : "") +
      (verdict === "higher"
        ? ": a wait returns the list of what has become ready, and is not told what to watch."
        : "."),
    about: `${epoll!.name} / ${poll!.name}: messagesPerSecond`,
    verdict,
    ratio,
  }];
}

function selectEnds(variants: VariantResult[]): Finding[] {
  const of = (is: (label: string) => boolean) =>
    variants.filter(({ group, label }) => group === END && is(label))
      .flatMap(({ spreads }) => spreads.served ?? []);
  const [select] = of((label) => label === SELECT);
  if (!select) return [];
  const others = of((label) => label !== SELECT);
  const doesEnd = select.high < ATTEMPTS;
  return [{
    text: `Of ${formatAmount(ATTEMPTS, "connection")}, select serves ` +
      `${formatCount(select.median)}` +
      (others.length > 0 && others.every(({ low }) => low === ATTEMPTS)
        ? ", the others serve all. "
        : ". ") +
      (doesEnd
        ? `A set has ${formatCount(FD_SETSIZE)} bits (FD_SETSIZE), and some descriptors are not ` +
          "connections: the rest wait in the accept queue until others end. In C, FD_SET beyond " +
          "it writes outside of the set."
        : "So it does not end here."),
    about: "select: connections served",
    verdict: doesEnd ? "lower" : "equal",
  }];
}
