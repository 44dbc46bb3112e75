/** Ends the server by SIGTERM; only a server that was started with `--exec` is ended. */
import { settledWithin } from "../../../system/wait.ts";
import { fail, type Outcome, pass, skipped } from "../case.ts";
import type { Procedure } from "../data_case.ts";
import { Peer } from "../peer.ts";
import type { Supervisor, Target } from "../target.ts";
import { awaitAnswers, messages } from "./exchange.ts";
import { sendUnread, UNREAD_MS } from "./unread.ts";

/** How long a server with open connections may take to end, in ms. */
const END_MS = 12_000;

/** Time within which a server has noticed the signal, in ms. */
const TOLD_MS = 500;

/** The longest time for a start, in ms. */
const START_MS = 10_000;

const NOT_STARTED = skipped("ktcp check did not start the server; see --exec");

/** Signals that mean a crash. */
const CRASH = /^SIG(SEGV|ABRT|BUS|FPE|ILL|PIPE|TRAP|SYS)$/;

/** The supervisor, with the server started again if the case before ended it. */
async function running(
  { supervisor }: Target,
): Promise<
  { supervisor: Supervisor; outcome?: undefined } | { supervisor?: undefined; outcome: Outcome }
> {
  if (supervisor === undefined) return { outcome: NOT_STARTED };
  try {
    if (supervisor.ended !== undefined) await supervisor.restart();
    return { supervisor };
  } catch (error) {
    return { outcome: notStartedAgain(error as Error) };
  }
}

function notStartedAgain({ message }: Error): Outcome {
  const why = "the server did not start again after SIGTERM: " + message;
  return fail(why, { expected: "a server that listens on its port again", cause: "port-in-use" });
}

/** Sends SIGTERM and judges how the server ended; undefined when that is right. */
async function terminated(
  supervisor: Supervisor,
  mostMs: number,
  context: string,
): Promise<Outcome | undefined> {
  const end = await supervisor.terminate(mostMs);
  if (end === null) {
    // The next case needs a server, and reports it if none starts.
    await supervisor.restart().catch(() => {});
    return fail(`it still runs ${mostMs / 1000} s after SIGTERM ${context}`, {
      expected: "the process ends",
      cause: "ignores-sigterm",
    });
  }
  if (!CRASH.test(end.how)) return undefined;
  return fail(`it ended by ${end.how} on SIGTERM ${context}`, {
    expected: "exit, or the end by SIGTERM itself",
    cause: "end-crash",
  });
}

/** Sends SIGTERM to a server without clients. */
async function endAlone(target: Target): Promise<Outcome> {
  const { supervisor, outcome } = await running(target);
  if (outcome !== undefined) return outcome;
  return await terminated(supervisor, target.timeoutMs, "without connections") ?? pass();
}

/** Sends SIGTERM while clients are idle or have sent a part of a message. */
async function endBesideOpen(target: Target): Promise<Outcome> {
  const { supervisor, outcome } = await running(target);
  if (outcome !== undefined) return outcome;
  const peers = await Promise.all(
    Array.from({ length: 8 }, () => Peer.connect(target.address, target)),
  );
  try {
    await Promise.all(peers.map(async (peer, i) => {
      if (i % 2 === 0) return await peer.send(target.protocol.partial());
      await peer.send(messages(target, 0, 1));
      await awaitAnswers(target, peer);
    }));
    return await terminated(supervisor, END_MS, "with open connections") ?? pass();
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
}

/**
 * Sends SIGTERM while answers wait for a client that does not read yet: answers that were begun
 * have to arrive.
 */
async function endInFlight(target: Target): Promise<Outcome> {
  const { supervisor, outcome } = await running(target);
  if (outcome !== undefined) return outcome;
  const watch = target.protocol.watch?.();
  const peer = await Peer.connect(target.address, {
    timeoutMs: target.timeoutMs,
    listener: { bytes: (received) => watch?.push(received), end: () => {} },
  });
  try {
    const { sending } = await sendUnread(target, peer);
    const ending = supervisor.terminate(END_MS);
    // Gives the server time to notice the signal before the waiting answers are read.
    await settledWithin(ending, TOLD_MS);
    peer.resume();
    const isOver = await peer.untilEnd(END_MS);
    await ending;
    // The kernel reports a reset only once: to a read, or to the pending write.
    const end = peer.sendFailed ? "reset" : peer.end;
    const shown = {
      sent: "messages until the server took no more, then SIGTERM, then the answers were read",
      received: `${peer.count} bytes, then the connection was ${end}`,
      expected: "the answers that were begun, whole, and the end of the connection",
      cause: "cuts-answers",
    };
    if (!isOver) {
      await peer.close();
      await sending;
      return fail(`the connection was still open ${END_MS / 1000} s after SIGTERM`, shown);
    }
    if (end === "reset") {
      return fail("the connection was reset, and answers were lost", shown);
    }
    if (watch?.isWhole() === false) return fail("the last answer is incomplete", shown);
    return pass(`${peer.count} bytes came, then the end of the connection`);
  } finally {
    await peer.close();
  }
}

/** Sends SIGTERM with open connections, then starts the server again at once on the same port. */
async function portFree(target: Target): Promise<Outcome> {
  const { supervisor, outcome } = await running(target);
  if (outcome !== undefined) return outcome;
  const peers = await Promise.all(
    Array.from({ length: 4 }, () => Peer.connect(target.address, target)),
  );
  try {
    await Promise.all(peers.map(async (peer) => {
      await peer.send(messages(target, 0, 1));
      await awaitAnswers(target, peer);
    }));
    const wrong = await terminated(supervisor, END_MS, "with open connections");
    if (wrong !== undefined) return wrong;
    // The server closed first: its side of each connection is in TIME-WAIT once we have closed, too.
    await Promise.all(peers.map((peer) => peer.untilEnd(target.timeoutMs)));
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
  }
  try {
    await supervisor.restart();
    return pass("it was started again at once");
  } catch (error) {
    return notStartedAgain(error as Error);
  }
}

/** Procedures by name. */
export const END_PROCEDURES: Readonly<Record<string, Procedure>> = {
  endAlone: {
    maxMs: (timeoutMs) => 2 * timeoutMs + START_MS,
    isAlone: true,
    run: endAlone,
  },
  endBesideOpen: {
    maxMs: (timeoutMs) => 2 * timeoutMs + START_MS + END_MS,
    connections: () => 8,
    isAlone: true,
    run: endBesideOpen,
  },
  endInFlight: {
    maxMs: (timeoutMs) => timeoutMs + START_MS + UNREAD_MS + TOLD_MS + END_MS,
    isAlone: true,
    run: endInFlight,
  },
  portFree: {
    maxMs: (timeoutMs) => 3 * timeoutMs + 2 * START_MS + END_MS,
    connections: () => 4,
    isAlone: true,
    run: portFree,
  },
};
