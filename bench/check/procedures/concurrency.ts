/** Many connections at once. */
import { fail, type Outcome, pass, unclear } from "../case.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { escapeBytes } from "../escape.ts";
import { Peer } from "../peer.ts";
import type { Target } from "../target.ts";
import { counterGrowth, readKernelCounters } from "../../../system/netstat.ts";
import { awaitAnswers, messages } from "./exchange.ts";

/** Messages that each of many connections sends. */
const EACH = 3;

/** The cause of an overflowing accept queue, and how many bursts in a row have to show it. */
const OVERFLOWED = "backlog";
const BURSTS = 3;

/** A lost SYN is sent again after 1 s, then after 2 s more. */
const SYN_AGAIN_MS = 3000;

/** Opens connections; those that are not accepted are undefined. */
async function openAll(target: Target, count: number): Promise<(Peer | undefined)[]> {
  const timeoutMs = target.timeoutMs + SYN_AGAIN_MS;
  return await Promise.all(Array.from({ length: count }, async () => {
    try {
      return await Peer.connect(target.address, { timeoutMs });
    } catch {
      return undefined;
    }
  }));
}

function closeAll(peers: readonly (Peer | undefined)[]): void {
  for (const peer of peers) peer?.[Symbol.dispose]();
}

/**
 * Opens `count` connections, and exchanges messages on all of them at once. With `queue`, an
 * overflow of the accept queue is a failure even if all connections were served in the end, but
 * only if each burst shows one: the counter includes overflows of other servers on this machine.
 */
async function atOnce(target: Target, parameters: Parameters): Promise<Outcome> {
  let outcome = await allAtOnce(target, parameters);
  for (let i = 1; i < BURSTS && outcome.cause === OVERFLOWED; i++) {
    outcome = await allAtOnce(target, parameters);
  }
  return outcome;
}

async function allAtOnce(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const before = readKernelCounters();
  const peers = await openAll(target, count);
  try {
    const wrong = await Promise.all(peers.map(async (peer, i) => {
      if (peer === undefined) return { why: "no connection" };
      await peer.send(messages(target, i * EACH, 1));
      return await awaitAnswers(target, peer, { first: i * EACH });
    }));
    const failures = wrong.filter((one) => one !== undefined);
    const growth = counterGrowth(before, readKernelCounters());
    const lost = growth?.listenOverflows ?? 0;
    const queue = lost > 0 ? `; the accept queue overflowed ${lost} times` : "";
    if (failures.length > 0) {
      return fail(`${failures.length} of ${count} connections: ${failures[0].why}${queue}`, {
        sent: `${count} connections, one message each`,
        expected: "an answer on each connection",
        // Each connection that was lost in the queue counts at least once.
        cause: failures[0].cause ?? (lost >= failures.length ? OVERFLOWED : undefined),
      });
    }
    if (lost > 0 && parameters.queue) {
      return fail(`all ${count} were answered at last${queue}`, {
        expected: "connects that do not have to be repeated by the client's kernel",
        cause: OVERFLOWED,
      });
    }
    return pass(`${count} connections were answered`);
  } finally {
    closeAll(peers);
  }
}

/** Keeps `count` clients that stopped within a message, and measures another one meanwhile. */
async function besideSlow(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const partial = parameters.silent ? new Uint8Array() : target.protocol.partial();
  const slow = await openAll(target, count);
  try {
    await Promise.all(slow.map((peer) => peer?.send(partial)));
    using peer = await Peer.connect(target.address, target);
    const bytes = messages(target, 0, 1);
    await peer.send(bytes);
    const wrong = await awaitAnswers(target, peer);
    if (wrong === undefined) return pass("answered in the meantime");
    const what = partial.length === 0 ? "sent nothing" : "stopped within a message";
    return fail(`after ${count} client${count > 1 ? "s" : ""} ${what}: ${wrong.why}`, {
      cause: wrong.cause,
      sent: escapeBytes(bytes),
      received: escapeBytes(peer.received),
      expected: "an answer as without the others",
    });
  } finally {
    closeAll(slow);
  }
}

/** Connections that send concurrently, each at its own pace; each has to get its own answers. */
async function mixed(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const peers = await openAll(target, count);
  try {
    const wrong = await Promise.all(peers.map(async (peer, i) => {
      if (peer === undefined) return { why: "no connection" };
      const first = i * EACH;
      // Every other connection cuts each message in two, so that many messages are incomplete at
      // once.
      for (let k = 0; k < EACH; k++) {
        const bytes = target.protocol.message(first + k);
        await peer.send(bytes, i % 2 === 0 ? [] : [bytes.length >> 1], 2);
        const fault = await awaitAnswers(target, peer, { first, count: k + 1 });
        if (fault !== undefined) return fault;
      }
      return undefined;
    }));
    const failures = wrong.filter((one) => one !== undefined);
    if (failures.length === 0) return pass(`${count} connections, ${EACH} messages each`);
    const announced = failures.every(({ why }) => /closed after/.test(why));
    if (target.kind === "http" && announced) {
      return unclear("the server ends each connection after one response");
    }
    return fail(`${failures.length} of ${count} connections: ${failures[0].why}`, {
      cause: failures[0].cause,
      sent: `${count} connections, ${EACH} messages each, half of them in two pieces`,
      expected: target.protocol.expected,
    });
  } finally {
    closeAll(peers);
  }
}

const connections = ({ count }: Parameters) => Number(count) + 1;

/** Procedures by name. */
export const CONCURRENCY_PROCEDURES: Readonly<Record<string, Procedure>> = {
  atOnce: {
    maxMs: (timeoutMs) => BURSTS * (2 * timeoutMs + SYN_AGAIN_MS),
    connections,
    isAlone: true,
    run: atOnce,
  },
  besideSlow: {
    maxMs: (timeoutMs) => 2 * timeoutMs + SYN_AGAIN_MS,
    connections,
    isAlone: true,
    run: besideSlow,
  },
  mixed: {
    maxMs: (timeoutMs) => timeoutMs * (EACH + 1) + SYN_AGAIN_MS,
    connections,
    isAlone: true,
    run: mixed,
  },
};
