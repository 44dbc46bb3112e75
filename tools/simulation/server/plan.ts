/**
 * What happens to a simulated server, as plain data: settings, and events with their times. A seed
 * determines a plan, and a plan determines a run. So a plan can be reduced to what still fails.
 */
import type { EngineOptions } from "../../../servers/net/engine_options.ts";
import type { NetworkTraits } from "../../../servers/net/engines/simulated/network.ts";
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import { BAD_REQUESTS } from "./bad_requests.ts";

/** What the server does. */
export const CONTENTS = ["echo", "hello", "content", "files"] as const;
export type Content = typeof CONTENTS[number];

/** Engines whose system calls are simulated. */
export const READINESS_ENGINES = {
  "select": { name: "select", trigger: "level" },
  "poll": { name: "poll", trigger: "level" },
  "epoll level": { name: "epoll", trigger: "level" },
  "epoll edge": { name: "epoll", trigger: "edge" },
} as const satisfies Record<string, EngineOptions>;

type ReadinessName = keyof typeof READINESS_ENGINES;

/** Whether `engine` makes system calls. */
export function isReadinessEngine(engine: ServerSettings["engine"]): engine is ReadinessName {
  return engine in READINESS_ENGINES;
}

/** How the server is set up. */
export interface ServerSettings {
  content: Content;
  /** Completed operations, the streams of engine `deno`, or system calls. */
  engine: "completions" | "streams" | ReadinessName;
  /** TCP_CORK. */
  cork: boolean;
  maxConnections: number;
  /** Blocks for output in addition to the connections' own. */
  outputBlocks: number;
  bufferBytes: number;
  writes: number;
  sendsFiles: boolean;
  isHeldUp: boolean;
  mostDelayUs: number;
  mostBytes: number;
  maxBody: number;
}

/** One request of a well-behaved client, and how it is sent. */
export interface Exchange {
  kind:
    | "get"
    | "head"
    | "post"
    | "chunked"
    | "expect"
    | "too large"
    | "options"
    | "unknown"
    | "expectation"
    | "range"
    | "conditional"
    | "missing"
    | "bad";
  /** Length of the content, or which file or malformed request. */
  size: number;
  /** Sent before the answer to the previous request has come. */
  isPipelined: boolean;
  isHttp10: boolean;
  /** Sends the Connection field that is not the default: `close` (1.1), or `keep-alive` (1.0). */
  hasConnection: boolean;
  thinkUs: number;
}

/** What a hostile client does next. */
export type HostileStep =
  | {
    do: "send";
    what: "request" | "part" | "noise" | "bad" | "flood" | "dribble";
    size: number;
  }
  | { do: "wait"; ms: number }
  | { do: "stop reading" | "read" | "finish" | "reset" | "close" };

interface ClientBase {
  /** Names it in traces. */
  id: number;
  seed: number;
  network: NetworkTraits;
  /** The longest time before it reads what has come, in µs, and the most bytes it reads at once. */
  readDelayUs: number;
  readBytes: number;
}

/** Something that happens at a time, in µs. */
export type ServerEvent =
  & { atUs: number }
  & (
    | ClientBase & {
      kind: "client";
      exchanges: Exchange[];
      /** What it does after the last answer. */
      ending: "close" | "finish";
    }
    | ClientBase & { kind: "echo client"; messages: number[]; isPipelined: boolean }
    | ClientBase & { kind: "hostile"; steps: HostileStep[] }
    | { kind: "accept error" }
    | { kind: "descriptors"; left: number; forUs: number }
    | { kind: "disk"; fault: "late" | "failing" | "short" | "no descriptors"; forUs: number }
    | {
      kind: "file";
      name: string;
      change: "replace" | "overwrite" | "remove" | "shrink";
      size: number;
      seed: number;
    }
    | { kind: "set clock"; byMs: number }
    | { kind: "stall"; ms: number }
    | { kind: "no memory"; forUs: number }
    | { kind: "drain"; graceMs: number }
  );

/** A server, and what happens to it. */
export interface ServerPlan {
  settings: ServerSettings;
  events: ServerEvent[];
}

/** Names of files, and the bytes that each has at first. */
export const FILES: readonly [name: string, bytes: number][] = [
  ["empty.txt", 0],
  ["small.txt", 300],
  ["page.html", 5000],
  ["middle.bin", 60_000],
  ["large.bin", (1 << 20) + 5000],
];

/** The time within which all clients of a plan connect, in µs. */
const CROWD_US = 3e6;

/** The plan of `seed`. */
export function planServer(seed: number): ServerPlan {
  const random = new Random(seed);
  const content = random.pick(CONTENTS);
  const forKernel = new Random(seed, 4);
  const engine = random.chance(70) ? "completions" : "streams";
  const readinessNames = Object.keys(READINESS_ENGINES) as ReadinessName[];
  const settings: ServerSettings = {
    content,
    engine: forKernel.chance(50) ? forKernel.pick(readinessNames) : engine,
    cork: forKernel.chance(30),
    maxConnections: random.between(1, 48),
    outputBlocks: random.chance(30) ? random.between(1, 6) : 64,
    bufferBytes: random.size(1, 5000),
    writes: random.chance(85) ? 1 : random.between(2, 5),
    sendsFiles: random.chance(50),
    isHeldUp: random.chance(20),
    mostDelayUs: random.pick([0, 5, 100, 2000]),
    mostBytes: random.pick([16, 700, 4096, 4096, 1 << 20, 1 << 20]),
    maxBody: 1 << 16,
  };
  const count = random.chance(30) ? random.size(1, 20) : random.between(20, 150);
  const hostilePercent = random.pick([0, 20, 50, 80]);
  const events: ServerEvent[] = [];
  for (let id = 1; id <= count; ++id) {
    events.push(client(random, settings, { id, isHostile: random.chance(hostilePercent) }));
  }
  if (random.chance(60)) events.push(...troubles(random, settings));
  if (random.chance(30)) {
    const graceMs = random.pick([0, 50, 1000, 20_000]);
    events.push({ kind: "drain", atUs: random.below(2 * CROWD_US), graceMs });
  }
  if (isReadinessEngine(settings.engine) && forKernel.chance(20)) {
    const forUs = forKernel.size(1000, 500_000);
    events.push({ kind: "no memory", atUs: forKernel.below(CROWD_US), forUs });
  }
  events.sort((a, b) => a.atUs - b.atUs);
  return { settings, events };
}

function client(
  random: Random,
  { content, mostBytes }: ServerSettings,
  { id, isHostile }: { id: number; isHostile: boolean },
): ServerEvent {
  const leastDelayUs = random.pick([0, 20, 1000]);
  const base = {
    atUs: random.below(CROWD_US),
    id,
    seed: random.word(),
    network: {
      leastDelayUs,
      mostDelayUs: leastDelayUs + random.pick([0, 50, 3000]),
      pieceBytes: random.pick([7, 1460, 1460, 65536, 65536]),
      windowBytes: random.pick([100, 4000, 200_000, 200_000]),
    },
    readDelayUs: random.pick([0, 0, 100, 20_000]),
    readBytes: random.pick([100, 65536]),
  };
  if (isHostile) return { kind: "hostile", ...base, steps: hostileSteps(random, content) };
  const isSlow = mostBytes < 1000 || base.network.windowBytes < 1000 || base.readBytes < 1000 ||
    base.network.pieceBytes < 100;
  const mostSize = isSlow ? 600 : 20_000;
  if (content === "echo") {
    const messages = Array.from({ length: random.size(1, 12) }, () => random.size(1, mostSize));
    return { kind: "echo client", ...base, messages, isPipelined: random.chance(30) };
  }
  const exchanges: Exchange[] = [];
  for (let left = random.size(1, 12); left > 0; --left) {
    const exchange = makeExchange(random, content, mostSize);
    exchanges.push(exchange);
    if (endsConnection(exchange)) break;
  }
  return { kind: "client", ...base, exchanges, ending: random.chance(50) ? "close" : "finish" };
}

/** Whether the server closes the connection after the answer. */
export function endsConnection(exchange: Exchange): boolean {
  const { kind, isHttp10, hasConnection } = exchange;
  return kind === "bad" || kind === "too large" || isHttp10 !== hasConnection;
}

const KINDS: Record<Content, Exchange["kind"][]> = {
  echo: [],
  hello: [
    "get",
    "get",
    "get",
    "head",
    "post",
    "chunked",
    "options",
    "unknown",
    "expectation",
    "bad",
  ],
  content: ["get", "head", "post", "post", "chunked", "chunked", "expect", "too large", "bad"],
  files: ["get", "get", "get", "head", "range", "conditional", "missing", "post", "bad"],
};

function makeExchange(random: Random, content: Content, mostSize: number): Exchange {
  const kind = random.pick(KINDS[content]);
  const isHttp10 = kind !== "chunked" && kind !== "expect" && random.chance(8);
  let size = random.size(0, mostSize);
  if (content === "files") {
    // Whole large files, and files of some length over slow networks, take too many events.
    const most = mostSize < 1000 ? 2 : kind === "range" || random.chance(4) ? 5 : 4;
    size = random.below(most);
  }
  if (kind === "bad") {
    // A long one over a slow network would time out.
    do size = random.below(BAD_REQUESTS.length); while (
      mostSize < 1000 && BAD_REQUESTS[size][0].length > 1000
    );
  }
  return {
    kind,
    size,
    isPipelined: random.chance(40),
    isHttp10,
    hasConnection: random.chance(isHttp10 ? 50 : 6),
    thinkUs: random.chance(70) ? 0 : random.below(900_000),
  };
}

function hostileSteps(random: Random, content: Content): HostileStep[] {
  const steps: HostileStep[] = [];
  for (let left = random.between(1, 7); left > 0; --left) {
    const what = random.below(10);
    if (what < 5) {
      const kind = random.pick(["request", "part", "noise", "bad", "flood", "dribble"] as const);
      steps.push({ do: "send", what: kind, size: random.size(1, kind === "dribble" ? 60 : 3000) });
    } else if (what < 7) steps.push({ do: "wait", ms: random.size(1, 20_000) });
    else if (what === 7) steps.push({ do: "stop reading" });
    else if (what === 8) steps.push({ do: "read" });
    else steps.push({ do: "finish" });
  }
  // An echo server waits forever. Others have to end connections that their clients leave open.
  if (content === "echo" || random.chance(60)) {
    steps.push({ do: random.chance(50) ? "close" : "reset" });
  }
  return steps;
}

function troubles(random: Random, { content }: ServerSettings): ServerEvent[] {
  const events: ServerEvent[] = [];
  for (let left = random.size(1, 8); left > 0; --left) {
    const atUs = random.below(1.5 * CROWD_US);
    const forUs = random.size(1000, 2e6);
    const what = random.below(content === "files" ? 10 : 4);
    if (what === 0) events.push({ kind: "accept error", atUs });
    else if (what === 1) events.push({ kind: "descriptors", atUs, left: random.below(3), forUs });
    else if (what === 2) events.push({ kind: "stall", atUs, ms: random.size(1, 3000) });
    else if (what === 3) {
      events.push({ kind: "set clock", atUs, byMs: random.between(-20_000, 20_000) });
    } else if (what === 4) {
      const fault = random.pick(["late", "failing", "short", "no descriptors"] as const);
      events.push({ kind: "disk", atUs, fault, forUs });
    } else {
      const change = random.pick(["replace", "replace", "overwrite", "remove", "shrink"] as const);
      const [name] = random.pick(FILES);
      const size = name === "large.bin"
        ? (1 << 20) + random.size(1, 20_000)
        : random.size(0, 60_000);
      events.push({ kind: "file", atUs, name, change, size, seed: random.word() });
    }
  }
  return events;
}
