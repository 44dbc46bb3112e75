/**
 * TCP is a stream without message boundaries: messages arrive in any pieces or several at once, and
 * end with a FIN.
 */
import { type Outcome, pass } from "../case.ts";
import { everyByte, singleCuts } from "../cuts.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { Peer } from "../peer.ts";
import type { Target } from "../target.ts";
import { awaitAnswers, failed, messages } from "./exchange.ts";

/** Pause between two pieces, in ms: long enough that they are received separately. */
const PAUSE_MS = 4;

/** Most cuts of one message that are tried. */
const MOST_CUTS = 48;

/** Sends a message in two pieces, cut at each place in turn. */
async function everyCut(target: Target): Promise<Outcome> {
  const bytes = target.protocol.message(0);
  for (const cut of singleCuts(bytes.length, MOST_CUTS)) {
    using peer = await Peer.connect(target.address, target);
    await peer.send(bytes.subarray(0, cut));
    await peer.until(() => false, PAUSE_MS);
    const isEarly = target.kind === "http" && peer.count > 0;
    await peer.send(bytes.subarray(cut));
    const wrong = await awaitAnswers(target, peer);
    if (!isEarly && wrong === undefined) continue;
    const why = isEarly
      ? `split at byte ${cut}: an answer came before the head was complete`
      : `split at byte ${cut}: ${wrong?.why}`;
    const cause = isEarly ? "early" : wrong?.cause;
    return failed(target, peer, { why, cause }, { sent: bytes, cuts: [cut] });
  }
  return pass("answered wherever it was cut");
}

/** Sends messages byte by byte. */
async function byteByByte(target: Target): Promise<Outcome> {
  const bytes = target.protocol.message(0);
  const cuts = everyByte(bytes.length);
  using peer = await Peer.connect(target.address, target);
  const sending = peer.send(bytes, cuts, 1);
  let isEarly = false;
  void peer.until(() => peer.count > 0, target.timeoutMs).then(() => isEarly = peer.count > 0);
  await sending;
  isEarly &&= target.kind === "http";
  const wrong = isEarly
    ? { why: "an answer came before the head was complete", cause: "early" }
    : await awaitAnswers(target, peer);
  if (wrong === undefined) return pass();
  return failed(target, peer, wrong, { sent: bytes, cuts });
}

/** Sends `count` messages in one write, the last one cut in two when `splitsLast` is true. */
async function severalAtOnce(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const bytes = messages(target, 0, count);
  const cuts = parameters.splitsLast ? [bytes.length - 5] : [];
  using peer = await Peer.connect(target.address, target);
  const sending = peer.send(bytes, cuts, PAUSE_MS);
  const wrong = await awaitAnswers(target, peer, { count });
  await sending;
  if (wrong === undefined) return pass(`${count} answers, in order`);
  const why = `${count} messages at once: ${wrong.why}`;
  return failed(target, peer, { ...wrong, why }, { sent: bytes, cuts });
}

/**
 * Sends `count` messages and FIN, on `connections` connections (1): a server that is busy with one
 * of them then finds the message and the FIN of another together.
 */
async function halfClose(target: Target, parameters: Parameters): Promise<Outcome> {
  const { count, connections = 1 } = parameters;
  const outcomes = await Promise.all(
    Array.from({ length: Number(connections) }, () => halfCloseOne(target, Number(count))),
  );
  return outcomes.find(({ verdict }) => verdict !== "pass") ?? outcomes[0];
}

async function halfCloseOne(target: Target, count: number): Promise<Outcome> {
  const bytes = messages(target, 0, count);
  using peer = await Peer.connect(target.address, target);
  await peer.send(bytes);
  await peer.halfClose();
  const wrong = await awaitAnswers(target, peer, { count });
  if (wrong !== undefined) {
    return failed(target, peer, { ...wrong, why: `after the FIN: ${wrong.why}` }, { sent: bytes });
  }
  if (await peer.untilEnd(target.timeoutMs)) return pass();
  const why = "all was answered, and the connection stays open";
  return failed(target, peer, { why, cause: "fin-ignored" }, { sent: bytes });
}

/** Procedures by name. */
export const STREAM_PROCEDURES: Readonly<Record<string, Procedure>> = {
  everyCut: {
    maxMs: (timeoutMs) => timeoutMs + MOST_CUTS * (PAUSE_MS + 20),
    run: everyCut,
  },
  byteByByte: { maxMs: (timeoutMs) => timeoutMs + 1000, run: byteByByte },
  severalAtOnce: { maxMs: (timeoutMs) => timeoutMs + 100, run: severalAtOnce },
  halfClose: {
    maxMs: (timeoutMs) => 2 * timeoutMs,
    connections: ({ connections = 1 }) => Number(connections),
    run: halfClose,
  },
};
