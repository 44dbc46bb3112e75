/** What a server has to survive. Each procedure ends with an exchange on a new connection. */
import { fail, type Outcome, pass, skipped, unclear } from "../case.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { escapeBytes } from "../escape.ts";
import { latin1Bytes } from "../latin1.ts";
import { Peer } from "../peer.ts";
import type { Target } from "../target.ts";
import { readProc } from "../../../system/proc.ts";
import { awaitAnswers, messages } from "./exchange.ts";
import { resetAfter, resetAfterFin } from "./reset.ts";
import { sendUnread, UNREAD_BYTES, UNREAD_MS } from "./unread.ts";

/** How much memory may grow while a client sends {@link UNREAD_BYTES} and does not read. */
const UNREAD_GROWTH = 16 << 20;

/**
 * Repetitions: the client has to disconnect while the server is sending its answers, which does not
 * succeed each time.
 */
const GONE_ROUNDS = 6;

/** Most descriptors that are used up: the judge itself needs as many. */
const MOST_DESCRIPTORS = 1024;

/** Checks whether a new connection is served; `context` says after what. */
async function stillServes(target: Target, context: string): Promise<Outcome> {
  using peer = await Peer.connect(target.address, target);
  const bytes = messages(target, 0, 1);
  await peer.send(bytes);
  const wrong = await awaitAnswers(target, peer);
  if (wrong === undefined) return pass(`served ${context}`);
  return fail(`${context}, another connection: ${wrong.why}`, {
    cause: wrong.cause,
    sent: escapeBytes(bytes),
    received: escapeBytes(peer.received),
    expected: "an answer: other connections are not affected",
  });
}

/**
 * Sends `each` messages and FIN on `count` connections, and resets them: after a FIN, the kernel
 * reports the reset to the server's next write as EPIPE, with SIGPIPE, and not as ECONNRESET.
 */
async function gone(target: Target, parameters: Parameters): Promise<Outcome> {
  const { count, each } = parameters;
  const bytes = messages(target, 0, Number(each));
  for (let i = 0; i < GONE_ROUNDS; i++) {
    await resetAfterFin(target.address, bytes, { count: Number(count), waitMs: target.timeoutMs });
  }
  return await stillServes(target, `after ${count} clients that closed without reading`);
}

/** Resets `count` connections at a stage: `connected`, `partial`, `sent` or `answered`. */
async function reset(target: Target, { stage, count }: Parameters): Promise<Outcome> {
  const { protocol, address, timeoutMs } = target;
  const bytes = stage === "connected"
    ? new Uint8Array()
    : stage === "partial"
    ? protocol.partial()
    : stage === "unread"
    // Their answers take more than one write, so that later ones fail.
    ? messages(target, 0, 200)
    : protocol.message(0);
  const received = stage === "answered" || stage === "unread" ? 1 : 0;
  await Promise.all(
    Array.from({ length: Number(count) }, () => resetAfter(address, bytes, received, timeoutMs)),
  );
  return await stillServes(target, `after ${count} resets`);
}

/** Pseudo-random numbers, the same in each run (xorshift32). */
function* noiseBytes(seed: number): Generator<number> {
  for (let x = seed;;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    yield x & 0xff;
  }
}

/** Sends bytes that are not a message, on `count` connections. */
async function noise(target: Target, { text, bytes = 0, count }: Parameters): Promise<Outcome> {
  for (let i = 0; i < Number(count); i++) {
    using peer = await Peer.connect(target.address, target);
    const random = noiseBytes(i + 1);
    const sent = text === undefined
      ? Uint8Array.from({ length: Number(bytes) }, () => random.next().value!)
      : latin1Bytes(String(text));
    await peer.send(sent);
    await peer.halfClose();
    await peer.until(() => false, 20);
  }
  return await stillServes(target, "after bytes that are not a message");
}

/**
 * Sends messages and reads no answers: the server has to stop reading, and to serve others
 * meanwhile.
 */
async function notReading(target: Target): Promise<Outcome> {
  const before = target.process?.memoryBytes() ?? null;
  const peer = await Peer.connect(target.address, target);
  const { sent, isStalled, sending } = await sendUnread(target, peer);
  try {
    const after = target.process?.memoryBytes() ?? null;
    const served = await stillServes(target, "while a client does not read");
    if (served.verdict === "fail") return { ...served, cause: served.cause ?? "slow-client" };
    // If the client stalled, the server's memory for it is bounded, however much the heap grew
    // before.
    if (isStalled) return served;
    if (before !== null && after !== null && after - before > UNREAD_GROWTH) {
      return fail(
        `memory grew by ${Math.round((after - before) / 2 ** 20)} MiB while a client sent ` +
          `${Math.round(sent / 2 ** 20)} MiB and read nothing`,
        { expected: `at most ${UNREAD_GROWTH >> 20} MiB`, cause: "not-read" },
      );
    }
    // A server that has closed the connection may keep reading and discard what it reads.
    if (before === null && sent >= UNREAD_BYTES) {
      return unclear(`${sent >> 20} MiB were taken; whether they are kept is not known, see --pid`);
    }
    return served;
  } finally {
    await peer.close();
    await sending;
  }
}

/** Opens more connections than the server has descriptors, and closes them again. */
async function descriptors(target: Target): Promise<Outcome> {
  const { process } = target;
  if (process === undefined) return skipped("the server's process is not known; see --pid");
  const limits = readProc(`/proc/${process.pid}/limits`);
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits ?? "")?.[1] ?? NaN);
  if (!(limit <= MOST_DESCRIPTORS)) {
    return skipped(
      `the server may open ${Number.isNaN(limit) ? "any number of" : limit} files; start it with ` +
        "'ulimit -n 256' to judge this",
    );
  }
  const peers: Peer[] = [];
  try {
    for (let i = 0; i < limit + 32; i++) {
      const peer = await Peer.connect(target.address, { timeoutMs: 500 }).catch(() => undefined);
      if (peer === undefined) break;
      peers.push(peer);
    }
    await Promise.all(peers.slice(-8).map((peer) => peer.send(target.protocol.partial())));
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
  const served = await stillServes(target, `after ${peers.length} connections at once`);
  return served.verdict === "fail" ? { ...served, cause: served.cause ?? "descriptors" } : served;
}

/** Procedures by name. */
export const ROBUSTNESS_PROCEDURES: Readonly<Record<string, Procedure>> = {
  reset: {
    maxMs: (timeoutMs) => 2 * timeoutMs,
    connections: ({ count }) => Number(count),
    isAlone: true,
    run: reset,
  },
  gone: {
    maxMs: (timeoutMs) => (2 + GONE_ROUNDS) * timeoutMs,
    connections: ({ count }) => Number(count),
    isAlone: true,
    run: gone,
  },
  noise: {
    maxMs: (timeoutMs, { count }) => timeoutMs + 50 * Number(count),
    isAlone: true,
    run: noise,
  },
  notReading: {
    maxMs: (timeoutMs) => timeoutMs + UNREAD_MS,
    connections: () => 2,
    isAlone: true,
    run: notReading,
  },
  descriptors: {
    maxMs: (timeoutMs) => timeoutMs + 6000,
    connections: () => MOST_DESCRIPTORS + 32,
    isAlone: true,
    run: descriptors,
  },
};
