/** A load against a simulated server, as plain data: its settings, and each answer. */
import { Random } from "../../../servers/net/engines/simulated/random.ts";
import type { NetworkTraits } from "../../../servers/net/engines/simulated/network.ts";

/** How a server answers a request. */
export const ANSWERS = [
  "whole",
  "chunked",
  "informational",
  "not found",
  "no content",
  "closing",
  "until close",
  "slow",
  "truncated",
  "closes",
  "resets",
  "resets within",
  "garbage",
  "silent",
  "leaves",
] as const;
export type HttpAnswer = typeof ANSWERS[number];

/** What an echo server does on a connection when it has received message number `at`, from 0. */
export const ECHO_ANSWERS = ["echoes", "closes", "short", "resets", "differs", "silent"] as const;
export type EchoAnswer = typeof ECHO_ANSWERS[number];

/** The settings of a load. */
export interface LoadSettings {
  protocol: "http" | "echo";
  network: NetworkTraits;
  seed: number;
  clients: number;
  timeoutMs: number;
  /** For HTTP. */
  isKeepAlive: boolean;
  pipeline: number;
  requests: number;
  /** Requests started per second; 0: a closed loop. */
  rate: number;
  /** 0: until all requests are done. */
  durationMs: number;
  /** For echo. */
  rounds: number;
  messages: number;
  sizeBytes: number;
}

/** One answer of the server; the first request gets the first. After the last, all answers are good. */
export interface LoadEvent {
  answer: HttpAnswer | EchoAnswer;
  at: number;
  size: number;
}

/** A load, and its server. */
export interface LoadPlan {
  settings: LoadSettings;
  events: LoadEvent[];
}

/** The plan of `seed`. */
export function planLoad(seed: number): LoadPlan {
  const random = new Random(seed);
  const isHttp = random.chance(70);
  const leastDelayUs = random.pick([1, 50, 1000]);
  const pipeline = random.chance(20) ? random.between(2, 5) : 1;
  const messages = random.between(1, 4);
  const settings: LoadSettings = {
    protocol: isHttp ? "http" : "echo",
    network: {
      leastDelayUs,
      mostDelayUs: leastDelayUs + random.pick([0, 50, 2000]),
      pieceBytes: random.pick([5, 100, 65536]),
      windowBytes: random.pick([200, 100_000]),
    },
    seed: random.word(),
    clients: random.between(1, 8),
    timeoutMs: random.between(100, 500),
    isKeepAlive: random.chance(70) || pipeline > 1,
    pipeline,
    requests: random.size(1, 200),
    rate: random.chance(40) ? random.size(5, 5000) : 0,
    durationMs: 0,
    rounds: random.between(1, 3),
    messages,
    sizeBytes: random.size(1, 2000),
  };
  if (random.chance(30)) settings.durationMs = random.between(50, 1000);
  const isKind = random.chance(40);
  const events = Array.from({ length: settings.requests }, (): LoadEvent => ({
    answer: isHttp
      ? isKind ? random.pick(ANSWERS.slice(0, 8)) : random.pick(ANSWERS)
      : isKind
      ? "echoes"
      : random.pick(ECHO_ANSWERS),
    at: random.below(messages),
    size: random.size(0, 3000),
  }));
  return { settings, events };
}
