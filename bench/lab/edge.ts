/** Lab `edge`: what edge-triggered means, for a server's loop and for threads that wait. */
import { engineSupport } from "../../system/linux/engines.ts";
import { formatCount } from "../../system/units.ts";
import type { Lab, LabContext, LabFindings, LabServer, Target } from "./lab.ts";
import { echoSample, withServers } from "./loads.ts";
import { measure, type Sample, type VariantResult, type VariantSpec } from "./measure.ts";
import { exchange, QUIET_MS, textMessage } from "./one_message.ts";
import { unavailable } from "./unavailable.ts";
import { type Finding, finding, noiseFinding } from "./verdict.ts";
import { WaitingThreads, type WaitWay } from "./wakeups.ts";

/** The buffer of the servers: that of `user-echo-server`. */
const BUFFER = 512;
/** One message that fits into the buffer, and one that does not. */
const [SHORT, LONG] = [400, 2000];
/** Concurrent connections, each with one message. */
const CLIENTS = 20;

const AMOUNTS = {
  quick: { load: { clients: 4, messages: 1000 }, threads: 4 },
  full: { load: { clients: 4, messages: 20_000 }, threads: 8 },
};

/** The ways in which a loop can receive, with the server's arguments. */
const LOOPS = [
  { label: "edge, one receive", args: ["--trigger", "edge", "--faults", "receive-once"] },
  { label: "edge, until EAGAIN", args: ["--trigger", "edge", "--faults", "none"] },
  { label: "level, one receive", args: ["--trigger", "level", "--faults", "receive-once"] },
  { label: "level, until EAGAIN", args: ["--trigger", "level", "--faults", "none"] },
] as const;
const [EDGE_ONCE, EDGE_ALL, LEVEL_ONCE] = LOOPS.map(({ label }) => label);

/** The ways in which threads can wait for the same descriptor. */
const WAYS: { label: string; way: WaitWay }[] = [
  { label: "one epoll, level", way: { instances: "one", trigger: "level" } },
  { label: "one epoll, level, EPOLLONESHOT", way: onceFor("level") },
  { label: "one epoll, edge", way: { instances: "one", trigger: "edge" } },
  { label: "an epoll each, level", way: { instances: "each", trigger: "level" } },
  { label: "an epoll each, edge", way: { instances: "each", trigger: "edge" } },
  {
    label: "an epoll each, level, EPOLLEXCLUSIVE",
    way: { instances: "each", trigger: "level", isExclusive: true },
  },
  {
    label: "an epoll each, edge, EPOLLEXCLUSIVE",
    way: { instances: "each", trigger: "edge", isExclusive: true },
  },
];

function onceFor(trigger: "level" | "edge"): WaitWay {
  return { instances: "one", trigger, oneShot: true };
}

const LOAD = "one message after the other";
const WAKEUPS = "one event, several threads";

export const edge: Lab = {
  name: "edge",
  question: "Why does an edge-triggered server hang, and when does it not?",
  seconds: { quick: 5, full: 40 },
  takes: ["echo"],
  async run(context) {
    const { reason } = engineSupport("epoll");
    if (reason !== undefined) return unavailable(reason);
    const { load, threads } = context.isQuick ? AMOUNTS.quick : AMOUNTS.full;
    const starting = LOOPS.map(({ args }) =>
      context.host.start("original", ["user-echo-server", "--backlog", "1024", ...args])
    );
    const waiting = new WaitingThreads(threads);
    return await withServers(starting, async (servers): Promise<LabFindings> => {
      const own = servers.map((server, i) => ({ label: LOOPS[i].label, server, target: server }));
      const foreign = context.targets.map((target) => ({ label: target.name, target }));
      const variants = await measure([
        ...[SHORT, LONG].flatMap((bytes) =>
          [...own, ...foreign].map((entry) => messageSpec(entry, bytes))
        ),
        ...own.map((entry) => loadSpec(entry, load, context)),
        ...WAYS.map((one) => wakeupSpec(one, waiting)),
      ], context);
      return {
        setup: [
          `Servers: user-echo-server, rebuilt in TypeScript on epoll, with a buffer of ${BUFFER} ` +
          "bytes. They differ in the trigger, and in whether an event makes them receive once or " +
          "until EAGAIN; other faults of the original are switched off.",
          `Messages: ${CLIENTS} connections at once send one message of ${SHORT} or ` +
          `${
            formatCount(LONG)
          } bytes each. What is not back when nothing has come for ${QUIET_MS} ms ` +
          "hangs. Then the client sends its FIN, and counts the bytes that still arrive.",
          `Load: ${load.clients} clients send 64 bytes ${formatCount(load.messages)} times, each ` +
          "after the previous echo. System calls are counted by the server.",
          `Threads: ${threads} wait in epoll_wait for one eventfd, which becomes readable once ` +
          "and stays readable. The lab counts how many of them return.",
        ],
        variants,
        drawings: [
          {
            kind: "bars",
            title: "Messages that hang",
            figure: "hung",
            groups: [SHORT, LONG].map(groupOf),
          },
          {
            kind: "bars",
            title: "Threads that one event wakes",
            figure: "threadsWoken",
            groups: [WAKEUPS],
          },
          {
            kind: "bars",
            title: "System calls per message",
            figure: "syscallsPerMessage",
            groups: [LOAD],
          },
        ],
        findings: conclude(variants, context.targets.map(({ name }) => name), threads),
      };
    }).finally(() => waiting.end());
  },
};

function groupOf(bytes: number): string {
  return `messages of ${formatCount(bytes)} B`;
}

function messageSpec(
  { label, target }: { label: string; target: Target },
  bytes: number,
): VariantSpec {
  const message = textMessage(bytes);
  return {
    group: groupOf(bytes),
    label,
    run: async () => {
      const results = await Promise.all(
        Array.from({ length: CLIENTS }, () => exchange(target, message)),
      );
      const mean = (of: (one: typeof results[0]) => number) =>
        results.reduce((sum, one) => sum + of(one), 0) / CLIENTS;
      return {
        failed: 0,
        figures: {
          hung: results.filter(({ isWhole }) => !isWhole).length,
          bytesBack: mean(({ bytes }) => bytes.length),
          bytesAfterFin: mean(({ bytesAfterFin }) => bytesAfterFin),
        },
      };
    },
  };
}

function loadSpec(
  { label, server }: { label: string; server: LabServer },
  load: { clients: number; messages: number },
  { signal }: LabContext,
): VariantSpec {
  return {
    group: LOAD,
    label,
    run: async (): Promise<Sample> => {
      const before = await server.countCalls();
      const sample = await echoSample(server, { ...load, sizeBytes: 64, signal });
      const after = await server.countCalls();
      if (before !== null && after !== null && sample.ok > 0) {
        sample.figures.syscallsPerMessage = (after - before) / sample.ok;
      }
      return sample;
    },
  };
}

function wakeupSpec(
  { label, way }: { label: string; way: WaitWay },
  threads: WaitingThreads,
): VariantSpec {
  return {
    group: WAKEUPS,
    label,
    run: async () => ({ failed: 0, figures: { threadsWoken: await threads.wake(way) } }),
  };
}

function conclude(variants: VariantResult[], targets: string[], threads: number): Finding[] {
  const find = (group: string, label: string) =>
    variants.find((variant) => variant.group === group && variant.label === label);
  return [
    ...hangs(find),
    ...targets.flatMap((name) => targetHangs(find(groupOf(LONG), name))),
    ...finding(find(LOAD, EDGE_ALL), find(LOAD, LEVEL_ONCE), "syscallsPerMessage", {
      meaning: {
        higher:
          "Each round until EAGAIN ends with a receive that gets nothing: the price of edges " +
          "for small messages. (A receive that leaves room in the buffer has taken everything; " +
          "ktcp's own engine stops there.)",
      },
    }),
    ...wakeups(find, threads),
    ...noiseFinding(variants.filter(({ group }) => group === LOAD), "messagesPerSecond"),
  ];
}

type Find = (group: string, label: string) => VariantResult | undefined;

function hangs(find: Find): Finding[] {
  const of = (bytes: number, label: string) => find(groupOf(bytes), label)?.spreads;
  const once = of(LONG, EDGE_ONCE);
  if (once?.hung === undefined) return [];
  const others = LOOPS.slice(1).map(({ label }) => ({
    label,
    hung: of(LONG, label)?.hung?.high ?? NaN,
  }));
  const hanging = others.filter(({ hung }) => hung !== 0);
  const doesHang = once.hung.low > 0;
  const findings: Finding[] = [{
    text: `Of ${CLIENTS} messages of ${formatCount(LONG)} bytes, ` +
      `${formatCount(once.hung.median)} hang with "${EDGE_ONCE}": ` +
      `${formatCount(once.bytesBack!.median)} bytes come back. ` +
      (doesHang
        ? `An edge reports that bytes have come, once. What is not received then (all beyond the ` +
          `buffer of ${BUFFER} bytes) waits in the socket, and no event tells of it.`
        : "That is not what an edge should do here: look at the figures."),
    about: `hung: ${EDGE_ONCE}`,
    verdict: doesHang ? "higher" : "equal",
  }, {
    text: hanging.length === 0
      ? `With ${others.map(({ label }) => `"${label}"`).join(", ")} none hang: either receive ` +
        "until EAGAIN, or let the kernel report a descriptor as long as it is readable."
      : hanging.map(({ label, hung }) => `${hung} hang with "${label}".`).join(" "),
    about: "hung: the other loops",
    verdict: hanging.length === 0 ? "equal" : "higher",
  }];
  const after = once.bytesAfterFin?.median ?? 0;
  if (doesHang && after > 0) {
    findings.push({
      text: `Nothing is lost at that moment: the client's FIN makes another edge, and ` +
        `${
          formatCount(after)
        } bytes more come back, one buffer. Whatever is left then comes only ` +
        "with a further event, and after a FIN there is none.",
    });
  }
  const short = LOOPS.map(({ label }) => of(SHORT, label)?.hung?.high ?? NaN);
  if (short.every((hung) => hung === 0)) {
    findings.push({
      text:
        `No message of ${SHORT} bytes hangs in any loop: it fits into the buffer. That is why ` +
        "a test with short messages does not find the fault.",
    });
  }
  return findings;
}

function targetHangs(variant: VariantResult | undefined): Finding[] {
  const { hung, bytesBack } = variant?.spreads ?? {};
  if (!variant || !hung || !bytesBack) return [];
  return [{
    text: `${variant.label}: ${formatCount(hung.median)} of ${CLIENTS} messages of ` +
      `${formatCount(LONG)} bytes hang` +
      (hung.median > 0 ? `; ${formatCount(bytesBack.median)} bytes come back.` : "."),
    about: `hung: ${variant.label}`,
    verdict: hung.median > 0 ? "higher" : "equal",
  }];
}

function wakeups(find: Find, threads: number): Finding[] {
  const woken = WAYS.flatMap(({ label }) => {
    const spread = find(WAKEUPS, label)?.spreads.threadsWoken;
    return spread ? [{ label, count: spread.median }] : [];
  });
  if (woken.length < WAYS.length) return [];
  const those = (is: (count: number) => boolean) =>
    woken.filter(({ count }) => is(count)).map(({ label }) => `"${label}"`).join(", ") || "no way";
  return [{
    text: `One event wakes one of ${threads} threads with ${those((count) => count === 1)}; it ` +
      `wakes all ${threads} with ${those((count) => count === threads)}` +
      (woken.every(({ count }) => count === 1 || count === threads)
        ? "."
        : `; and some with ${those((count) => count !== 1 && count !== threads)}.`) +
      " An edge is given to one of the threads that wait at the same instance. Instances are " +
      "woken each, unless they watch with EPOLLEXCLUSIVE. Level-triggered, the descriptor is " +
      "ready for the next thread as long as nobody has taken what is there.",
    about: "threads woken",
  }];
}
