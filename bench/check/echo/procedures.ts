/** The procedures that judge an echo server; `cases/*.json` refers to them by name. */
import { fail, type Outcome, pass, unclear } from "../case.ts";
import { type Cuts, everyByte } from "../cuts.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { escapeBytes } from "../escape.ts";
import { latin1Bytes } from "../latin1.ts";
import { Peer } from "../peer.ts";
import type { Wrong } from "../protocol.ts";
import type { Target } from "../target.ts";

/** How long to wait after a correct answer for surplus bytes, in ms. */
const QUIET_MS = 50;

/** An answer that keeps arriving may take this many times the timeout of a single wait. */
const LONG = 4;

const LF = 0x0a;

/** Bytes of a long answer after which the wait restarts. */
const PART = 65536;

/**
 * A send(2) accepts at least this many bytes at once, so a shorter answer means that the server
 * never received the rest.
 */
const SEND_BYTES = 16384;

/**
 * The most time per message in a long conversation, in ms; if it takes longer, the case is unclear.
 */
const EACH_MS = 2;

/**
 * An answer that waits for a delayed ACK takes 40 ms. If each of many messages takes this long, in
 * ms, there is no other explanation.
 */
const DELAY_MS = 30;

/**
 * `length` bytes in lines, in which each word is its own offset, as in `0000128 0000136`. They
 * reveal bytes that are lost, repeated or taken from another connection (`owner`).
 */
function stampedBytes(length: number, owner = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(0x20);
  for (let at = 0; at < length; at += 8) {
    // The last digit stands before the space, or the line end.
    for (let digit = 6, rest = at + owner * 1_000_000; digit >= 0; digit--) {
      if (at + digit < length) bytes[at + digit] = 0x30 + rest % 10;
      rest = Math.floor(rest / 10);
    }
    if (at % 64 === 56 && at + 7 < length) bytes[at + 7] = 0x0a;
  }
  bytes[length - 1] = 0x0a;
  return bytes;
}

/** The bytes of parameters `text` and `times` (1), or of `size`. */
function bytesOf({ text, times = 1, size }: Parameters): Uint8Array<ArrayBuffer> {
  if (size !== undefined) return stampedBytes(Number(size));
  return latin1Bytes(String(text).repeat(Number(times)));
}

/** Compares what came back on `peer` with what was sent; undefined when it is the same. */
function compare(sent: Uint8Array, peer: Peer): Wrong | undefined {
  const { received, count } = peer;
  const at = received.findIndex((byte, i) => i < sent.length && byte !== sent[i]);
  const hasNul = sent.includes(0);
  if (at !== -1) {
    if (received[at] === 0 && !hasNul) {
      return { why: `byte ${at} of the answer is NUL, which was not sent`, cause: "pads" };
    }
    const why = `byte ${at} of the answer differs`;
    return hasNul && sent.subarray(0, at + 1).includes(0)
      ? { why, cause: "text-functions" }
      : { why };
  }
  if (count > sent.length) {
    return { why: `${count} bytes came for ${sent.length}`, cause: "pads" };
  }
  if (count === sent.length) return undefined;
  const what = peer.end === "open"
    ? "nothing more came after"
    : `the connection was ${peer.end} after`;
  const why = `${what} ${count} of ${sent.length} bytes`;
  if (sent[count] === 0) return { why: `${why}, at a NUL`, cause: "text-functions" };
  if (peer.end !== "open" || count === 0 || sent.length <= SEND_BYTES) return { why };
  return { why, cause: count < SEND_BYTES ? "small-buffer" : "partial-send" };
}

/**
 * The outcome of a comparison. If nothing came back, a line end is sent to find out whether the
 * server waits for one.
 */
async function outcomeOf(
  target: Target,
  sent: Uint8Array,
  peer: Peer,
  cuts: Cuts = [],
): Promise<Outcome> {
  let wrong = compare(sent, peer);
  if (wrong === undefined) return pass(`${sent.length} bytes came back`);
  const isSilent = peer.count === 0 && peer.end === "open" && wrong.cause === undefined;
  if (isSilent && !sent.includes(LF)) {
    await peer.send(Uint8Array.of(LF));
    await peer.until(() => peer.count > 0, target.timeoutMs);
    if (peer.count > 0) {
      wrong = { why: "nothing came back until a line end was sent", cause: "waits-for-line" };
    }
  }
  return fail(wrong.why, {
    sent: escapeBytes(sent, cuts),
    received: escapeBytes(peer.received),
    expected: `the same ${sent.length} bytes`,
    ...(wrong.cause === undefined ? {} : { cause: wrong.cause }),
  });
}

/**
 * Waits until `count` bytes have come back, as long as bytes keep arriving, and then briefly for
 * surplus ones.
 */
async function answers(target: Target, peer: Peer, count: number): Promise<void> {
  const deadlineMs = performance.now() + LONG * target.timeoutMs;
  for (let seen = -1; seen !== peer.count && performance.now() < deadlineMs;) {
    seen = peer.count;
    await peer.until(() => peer.count >= count || peer.count > seen + PART, target.timeoutMs);
    if (peer.count >= count) break;
  }
  await peer.until(() => peer.count > count, QUIET_MS);
}

/** Sends bytes, `halfClose` at their end, and compares what comes back, byte by byte. */
async function exchange(target: Target, parameters: Parameters): Promise<Outcome> {
  const bytes = bytesOf(parameters);
  const { cut, pauseMs = 0, halfClose } = parameters;
  const cuts = cut === "every"
    ? everyByte(bytes.length)
    : cut === "half"
    ? [bytes.length >> 1]
    : [];
  using peer = await Peer.connect(target.address, target);
  const sending = peer.send(bytes, cuts, Number(pauseMs)).then(() =>
    halfClose ? peer.halfClose() : undefined
  );
  // The wait for the answer begins when all was sent, or when the server accepts no more.
  await Promise.race([
    sending,
    peer.until(() => peer.count >= bytes.length, target.timeoutMs + totalMs(parameters)),
  ]);
  await answers(target, peer, bytes.length);
  const outcome = await outcomeOf(target, bytes, peer, cuts);
  await peer.close();
  await sending;
  return outcome;
}

/** How long the pauses of an exchange take. */
function totalMs(parameters: Parameters): number {
  const pauses = parameters.cut === "every" ? bytesOf(parameters).length : 1;
  return pauses * Number(parameters.pauseMs ?? 0);
}

/**
 * Starts to read only when all was sent, or when the server accepts no more before its answers are
 * read.
 */
async function readLater(target: Target, parameters: Parameters): Promise<Outcome> {
  const bytes = bytesOf(parameters);
  using peer = await Peer.connect(target.address, target);
  peer.pause();
  const sending = peer.send(bytes);
  await Promise.race([sending, peer.until(() => false, 200)]);
  peer.resume();
  await answers(target, peer, bytes.length);
  const outcome = await outcomeOf(target, bytes, peer);
  await peer.close();
  await sending;
  return outcome;
}

/**
 * Sends a second message after the first one has come back: `text` after `size`, or `text2` after
 * `text`.
 */
async function twoMessages(target: Target, parameters: Parameters): Promise<Outcome> {
  const { text = "", text2 = text } = parameters;
  const first = bytesOf(parameters);
  const second = latin1Bytes(String(text2));
  const bytes = new Uint8Array([...first, ...second]);
  using peer = await Peer.connect(target.address, target);
  await peer.send(first);
  await peer.until(() => peer.count >= first.length, target.timeoutMs);
  await peer.send(second);
  await answers(target, peer, bytes.length);
  return await outcomeOf(target, bytes, peer, [first.length]);
}

/** Sends FIN and nothing else. */
async function empty(target: Target): Promise<Outcome> {
  using peer = await Peer.connect(target.address, target);
  await peer.halfClose();
  const isOver = await peer.untilEnd(target.timeoutMs);
  const details = { sent: "", received: escapeBytes(peer.received), expected: "the end alone" };
  if (peer.count > 0) return fail(`${peer.count} bytes came`, { ...details, cause: "greets" });
  if (!isOver) return fail("the connection stays open after the FIN", details);
  return peer.end === "closed" ? pass() : fail("it was reset", { ...details, cause: "resets" });
}

/** Sends nothing, for a while. */
async function silent(target: Target): Promise<Outcome> {
  using peer = await Peer.connect(target.address, target);
  await peer.until(() => peer.count > 0, 2 * QUIET_MS);
  const received = escapeBytes(peer.received);
  if (peer.count > 0) return fail(`${peer.count} bytes came`, { received, expected: "nothing" });
  return peer.end === "open" ? pass() : fail(`the connection was ${peer.end}`, { received });
}

/** Sends one byte at a time, each after the previous one has come back. */
async function eachByte(target: Target, parameters: Parameters): Promise<Outcome> {
  const bytes = bytesOf(parameters);
  const cuts = everyByte(bytes.length);
  using peer = await Peer.connect(target.address, target);
  for (let i = 0; i < bytes.length; i++) {
    await peer.send(bytes.subarray(i, i + 1));
    const inTime = await peer.until(() => peer.count > i, target.timeoutMs);
    if (inTime && peer.count > i) continue;
    return await outcomeOf(target, bytes.subarray(0, i + 1), peer, cuts);
  }
  return await outcomeOf(target, bytes, peer, cuts);
}

/** Sends `count` messages on one connection, each after the previous one has come back. */
async function conversation(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const deadlineMs = performance.now() + target.timeoutMs + EACH_MS * count;
  using peer = await Peer.connect(target.address, target);
  for (let n = 0, at = 0; n < count; n++) {
    if (performance.now() > deadlineMs) {
      return unclear(`there was time for ${n} of ${count} messages`);
    }
    const message = target.protocol.message(n);
    await peer.send(message);
    await peer.until(() => peer.count >= at + message.length, target.timeoutMs);
    const own = peer.received.subarray(at);
    if (own.length !== message.length || own.some((byte, i) => byte !== message[i])) {
      const isShort = own.length < message.length;
      const state = peer.end === "open" ? "" : `, and the connection was ${peer.end}`;
      return fail(`message ${n + 1}: ${own.length} of ${message.length} bytes came${state}`, {
        sent: escapeBytes(message),
        received: escapeBytes(own),
        expected: "the same bytes",
        ...(own.length > message.length
          ? { cause: "pads" }
          : n === 0 || !isShort
          ? { cause: "no-echo" }
          : {}),
      });
    }
    at += message.length;
  }
  return pass(`${count} messages came back`);
}

/** Sends messages in two parts, one right after the other, and measures how long each takes. */
async function delay(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  using peer = await Peer.connect(target.address, target);
  let leastMs = Infinity;
  for (let n = 0, sent = 0; n < count; n++) {
    const message = target.protocol.message(n);
    sent += message.length;
    const startMs = performance.now();
    await peer.send(message, [4]);
    if (!await peer.until(() => peer.count >= sent, target.timeoutMs) || peer.count < sent) {
      return unclear("a message did not come back");
    }
    // The client's kernel acknowledges the first segments of a connection at once.
    if (n >= count / 2) leastMs = Math.min(leastMs, performance.now() - startMs);
  }
  if (leastMs < DELAY_MS) return pass(`${leastMs.toFixed(1)} ms at least`);
  return fail(`each message took ${leastMs.toFixed(0)} ms or more`, {
    sent: `${count} messages, each in two parts`,
    expected: "the second part as soon as it was received",
  });
}

/** `count` connections send `size` bytes each at the same time, each connection different bytes. */
async function longAtOnce(target: Target, parameters: Parameters): Promise<Outcome> {
  const { size, count } = parameters;
  const outcomes = await Promise.all(Array.from({ length: Number(count) }, async (_, i) => {
    const bytes = stampedBytes(Number(size), i);
    using peer = await Peer.connect(target.address, target);
    const sending = peer.send(bytes);
    await answers(target, peer, bytes.length);
    const outcome = await outcomeOf(target, bytes, peer);
    await peer.close();
    await sending;
    return outcome;
  }));
  const failures = outcomes.filter(({ verdict }) => verdict === "fail");
  if (failures.length === 0) return pass(`${count} connections, ${size} bytes each`);
  return { ...failures[0], why: `${failures.length} of ${count}: ${failures[0].why}` };
}

/** All procedures by name. */
export const ECHO_PROCEDURES: Readonly<Record<string, Procedure>> = {
  exchange: {
    maxMs: (timeoutMs, parameters) => (LONG + 2) * timeoutMs + totalMs(parameters) + QUIET_MS,
    run: exchange,
  },
  readLater: { maxMs: (timeoutMs) => (LONG + 1) * timeoutMs + 200 + QUIET_MS, run: readLater },
  twoMessages: { maxMs: (timeoutMs) => (LONG + 3) * timeoutMs + QUIET_MS, run: twoMessages },
  empty: { maxMs: (timeoutMs) => timeoutMs, run: empty },
  silent: { maxMs: () => 2 * QUIET_MS, run: silent },
  eachByte: { maxMs: (timeoutMs) => 3 * timeoutMs, run: eachByte },
  conversation: {
    maxMs: (timeoutMs, { count }) => 2 * timeoutMs + EACH_MS * Number(count),
    run: conversation,
  },
  delay: { maxMs: (timeoutMs, { count }) => timeoutMs + 50 * Number(count), run: delay },
  longAtOnce: {
    maxMs: (timeoutMs) => (LONG + 1) * timeoutMs,
    connections: ({ count }) => Number(count),
    isAlone: true,
    run: longAtOnce,
  },
};
