/**
 * Resources of the server's process, which must return to their previous level when the clients
 * have gone.
 */
import { sleep } from "../../../system/wait.ts";
import { fail, type Outcome, pass, skipped, unclear } from "../case.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { Peer } from "../peer.ts";
import { ServerGone, type ServerProcess, type Target } from "../target.ts";
import { awaitAnswers, messages } from "./exchange.ts";
import { resetAfter } from "./reset.ts";
import { sendUnread, UNREAD_MS } from "./unread.ts";

/**
 * Rounds of connections. A server may keep what it creates in the first one, such as a pool of
 * threads.
 */
const ROUNDS = 3;

/** Increase that does not count as a leak (a log file, a timer). */
const SLACK = 4;

/** How long a server may take to clean up after its clients, in ms. */
const CLEAN_MS = 1000;

/** How long the CPU time of an idle server is measured, in ms. */
const IDLE_MS = 1000;

/** Share of that time that it may use: enough for timers, not for a busy loop. */
const IDLE_SHARE = 0.1;

/** Concurrent connections while memory is measured. */
const MEMORY_CONNECTIONS = 16;

/** The longest time for exchanging messages while memory is measured, in ms. */
const MEMORY_MS = 10_000;

/**
 * Parts into which the messages are divided; the first is not compared, as buffers and caches grow
 * in it.
 */
const PARTS = 5;

/** How much memory may grow over the other parts, in bytes. */
const MEMORY_GROWTH = 16 << 20;

/** The outcome when the process is not known. */
const UNKNOWN = skipped("the server's process is not known; name it with --pid, or use --exec");

const UNREADABLE = skipped(
  "there is no permission to read what the kernel reports about the server's process",
);

/** Opens `count` connections, exchanges a message on each, and ends them as `end` says. */
async function round(target: Target, count: number, end: string): Promise<void> {
  const { address, protocol, timeoutMs } = target;
  await Promise.all(Array.from({ length: count }, async () => {
    if (end === "reset") return await resetAfter(address, protocol.message(0), 1, timeoutMs);
    using peer = await Peer.connect(address, target);
    if (end === "partial") return void await peer.send(protocol.partial());
    await peer.send(protocol.message(0));
    await awaitAnswers(target, peer);
  }));
}

/** Compares how many of `what` the server's process has before and after rounds of connections. */
async function returns(target: Target, { what, end, count }: Parameters): Promise<Outcome> {
  const { process } = target;
  if (process === undefined) return UNKNOWN;
  const read = () => process[what as "descriptors" | "threads" | "zombies"]();
  const before = read();
  const threads = process.threads();
  if (before === null || threads === null) return UNREADABLE;
  const after: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    await round(target, Number(count), String(end));
    // Children become zombies when they end, which takes a moment.
    if (what === "zombies") await settled(target, () => process.threads(), threads + SLACK);
    const now = await settled(target, read, before + SLACK);
    if (now === null) return unclear("the server's process has ended");
    if (now <= before + SLACK) return pass(`${before} before, ${now} after ${count} connections`);
    after.push(now);
  }
  const grown = after[ROUNDS - 1] - after[0];
  if (grown < Number(count)) {
    return pass(`${before} before, ${after.join(", ")} after each round: it keeps them for later`);
  }
  return fail(
    `${before} ${what} before, then ${after.join(", ")} after each ${count} connections`,
    {
      sent: `${ROUNDS} times ${count} connections with a message each, which were ended (${end})`,
      expected: `as many ${what} as before, at most ${SLACK} more`,
    },
  );
}

/**
 * Waits until `read` returns at most `goal`. A server may clean up only when the next client
 * connects.
 */
async function settled(
  target: Target,
  read: () => number | null,
  goal: number,
): Promise<number | null> {
  const deadlineMs = performance.now() + CLEAN_MS;
  for (;;) {
    const now = read();
    if (now === null || now <= goal || performance.now() > deadlineMs) return now;
    await round(target, 1, "closed");
    await sleep(20);
  }
}

/**
 * Puts the server into a state in which it has nothing to do; each returns a function that ends the
 * state.
 */
const IDLE_STATES: Readonly<Record<string, (target: Target) => Promise<() => Promise<void>>>> = {
  alone: () => Promise.resolve(async () => {}),
  connected: async (target) => {
    const peers = await Promise.all(
      Array.from({ length: 8 }, () => Peer.connect(target.address, target)),
    );
    await Promise.all(peers.map(async (peer, i) => {
      if (i % 2 === 0) return;
      await peer.send(target.protocol.message(0));
      await awaitAnswers(target, peer);
    }));
    return async () => void await Promise.all(peers.map((peer) => peer.close()));
  },
  partial: async (target) => {
    const peer = await Peer.connect(target.address, target);
    await peer.send(target.protocol.partial());
    return () => peer.close();
  },
  "half-closed": async (target) => {
    const peer = await Peer.connect(target.address, target);
    await peer.send(target.protocol.message(0));
    await peer.halfClose();
    await awaitAnswers(target, peer);
    return () => peer.close();
  },
  reset: async (target) => {
    await round(target, 8, "reset");
    return async () => {};
  },
  unread: async (target) => {
    const peer = await Peer.connect(target.address, target);
    const { sending } = await sendUnread(target, peer);
    return async () => {
      await peer.close();
      await sending;
    };
  },
};

/** Measures the CPU time of a server that has nothing to do. */
async function idleCpu(target: Target, { state }: Parameters): Promise<Outcome> {
  const { process } = target;
  if (process === undefined) return UNKNOWN;
  const end = await IDLE_STATES[String(state)](target);
  try {
    let used = Infinity;
    // Leftover work, such as garbage collection, ends; a busy loop does not.
    for (let i = 0; i < 3 && !(used <= IDLE_SHARE); i++) {
      const share = await cpuShare(process);
      if (share === null) return UNREADABLE;
      used = share;
    }
    const percent = `${Math.round(100 * used)} %`;
    if (used <= IDLE_SHARE) return pass(`${percent} of a CPU`);
    return fail(`it used ${percent} of a CPU while it had nothing to do`, {
      expected: `at most ${100 * IDLE_SHARE} %`,
    });
  } finally {
    await end();
  }
}

async function cpuShare(process: ServerProcess): Promise<number | null> {
  const startMs = performance.now();
  const before = process.cpuUs();
  await sleep(IDLE_MS);
  const after = process.cpuUs();
  if (before === null || after === null) return null;
  return Math.max(0, after - before) / 1000 / (performance.now() - startMs);
}

/** Exchanges messages and counts the bytes of answers only: this has to be fast. */
async function exchangeMany(
  target: Target,
  { count, isNew }: { count: number; isNew: boolean },
  deadlineMs: number,
): Promise<number> {
  const message = target.protocol.message(0);
  const buffer = new Uint8Array(65536);
  const length = await answerLength(target);
  let done = 0;
  const lane = async () => {
    let conn: Deno.TcpConn | undefined;
    try {
      while (done < count && performance.now() < deadlineMs) {
        done++;
        conn ??= await Deno.connect(target.address);
        await conn.write(message);
        for (let got = 0; got < length;) {
          const read = await conn.read(buffer);
          if (read === null) break;
          got += read;
        }
        if (isNew) {
          conn.close();
          conn = undefined;
        }
      }
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused) throw new ServerGone(error.message);
      // If the server ends connections in between, new ones are opened.
    } finally {
      conn?.close();
    }
  };
  while (done < count && performance.now() < deadlineMs) {
    await Promise.all(Array.from({ length: MEMORY_CONNECTIONS }, lane));
  }
  return done;
}

/** How long an answer is, in bytes. @throws {ServerGone} */
async function answerLength(target: Target): Promise<number> {
  using peer = await Peer.connect(target.address, target);
  await peer.send(messages(target, 0, 1));
  await awaitAnswers(target, peer);
  return peer.count;
}

/** Memory after many messages, or many connections with a message each (`connections`). */
async function memory(target: Target, parameters: Parameters): Promise<Outcome> {
  const { process } = target;
  if (process === undefined) return UNKNOWN;
  const count = Number(parameters.count) / PARTS;
  const isNew = parameters.connections === true;
  const startMs = performance.now();
  const sizes: number[] = [];
  let done = 0;
  for (let part = 1; part <= PARTS; part++) {
    done += await exchangeMany(target, { count, isNew }, startMs + MEMORY_MS * part / PARTS);
    const bytes = process.memoryBytes();
    if (bytes === null) return UNREADABLE;
    sizes.push(bytes);
  }
  const growth = sizes.slice(1).map((bytes, i) => bytes - sizes[i]);
  const sum = sizes[PARTS - 1] - sizes[0];
  const what = `${done} ${isNew ? "connections" : "messages"}`;
  const mebibytes = sizes.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(", ");
  // A garbage-collected heap grows for a while and then less; a leak keeps growing.
  const goesOn = growth.every((bytes) => bytes > sum / PARTS / 2);
  if (sum <= MEMORY_GROWTH || !goesOn) return pass(`${mebibytes} MiB over ${what}`);
  return fail(`memory grew with each part of ${what}: ${mebibytes} MiB`, {
    expected: `growth that ends, or at most ${MEMORY_GROWTH >> 20} MiB`,
  });
}

/** Procedures by name. */
export const RESOURCES_PROCEDURES: Readonly<Record<string, Procedure>> = {
  returns: {
    maxMs: (timeoutMs) => ROUNDS * (timeoutMs + 2 * CLEAN_MS),
    connections: ({ count }) => Number(count),
    isAlone: true,
    run: returns,
  },
  idleCpu: {
    maxMs: (timeoutMs, { state }) => timeoutMs + 3 * IDLE_MS + (state === "unread" ? UNREAD_MS : 0),
    connections: () => 8,
    isAlone: true,
    run: idleCpu,
  },
  memory: {
    maxMs: (timeoutMs) => MEMORY_MS + PARTS * timeoutMs,
    connections: () => MEMORY_CONNECTIONS,
    isAlone: true,
    run: memory,
  },
};
