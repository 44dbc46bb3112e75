/**
 * The replayed requests as cases for any server. What a server has to answer follows from what the
 * requests are (well-formed, malformed, incomplete) and from {@link RULES}: where the RFCs leave a
 * choice, every choice passes.
 */
import { type Case, fail, type Group, type Level, type Outcome, pass } from "../case.ts";
import { escapeBytes } from "../escape.ts";
import type { Target } from "../target.ts";
import { type HttpCase, loadHttpCases, type Message } from "./cases.ts";
import { type Exchange, RawClient, sendSteps } from "./raw_client.ts";
import { causeOfFault, fieldOf, type HttpResponse, isInterim } from "./response_reader.ts";
import { type Rule, RULES } from "./rules.ts";

/** How long to wait for surplus bytes after the expected responses, in ms. */
const QUIET_MS = 40;

/** How long to watch for an answer to an incomplete request, which must not come, in ms. */
const EARLY_MS = 250;

/** The methods that RFC 9110 and RFC 5789 define. */
const METHODS = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" ");

/** The row of requests that offer another protocol. */
const UPGRADE_ROW = 39;

/** Statuses that mean that the request was malformed, or that the server failed. */
const NOT_SERVED = [400, 408, 414, 431, 500, 502, 503, 504, 505];

/** All replayed requests that can be judged from outside. */
export function replayedCases(): Case[] {
  const used = new Set<string>();
  return loadHttpCases().filter(isJudged).map((test) => {
    const name = `${test.group}/${test.topic}/${slug(test.name)}`;
    // Names may differ in case and punctuation alone.
    let id = name;
    for (let n = 2; used.has(id); n++) id = `${name}-${n}`;
    used.add(id);
    const rule = RULES[test.row];
    const bad = isMalformed(test);
    const level: Level = test.level ?? (bad ? rule.refuse : rule.valid);
    return {
      id,
      group: test.group as Group,
      level,
      title: test.name,
      reference: rule.reference,
      cause: bad ? rule.refuseCause : rule.validCause,
      maxMs: (timeoutMs) => 2 * timeoutMs + EARLY_MS + QUIET_MS,
      connections: 1,
      isAlone: false,
      run: (target) => judge(test, rule, level, target),
    };
  });
}

/**
 * Whether the case can be judged. A request whose content never arrives may be answered at once or
 * waited for: both are right.
 */
function isJudged({ events, bytes }: HttpCase): boolean {
  if (!events.some((event) => "incomplete" in event)) return bytes.length > 0;
  return events.length === 1 && !endsHead(bytes);
}

function endsHead(bytes: Uint8Array): boolean {
  return bytes.some((_, i) =>
    bytes[i] === 13 && bytes[i + 1] === 10 && bytes[i + 2] === 13 && bytes[i + 3] === 10
  );
}

function isMalformed({ events }: HttpCase): boolean {
  return events.some((event) => "error" in event);
}

/** `Host: a:80x` as `host-a-80x`. */
function slug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9.]+/g, "-").replace(/^-|-$/g, "");
}

async function judge(test: HttpCase, rule: Rule, level: Level, target: Target): Promise<Outcome> {
  const messages = test.events.filter((event): event is Message => "method" in event);
  const { timeoutMs } = target;
  const client = await RawClient.connect(
    target.address,
    messages.map(({ method }) => method),
    timeoutMs,
  );
  try {
    const isWhole = await sendSteps(client, test.steps, { cuts: [], deadlineMs: timeoutMs });
    const outcome = isMalformed(test)
      ? await malformed(client, messages.length, rule, {
        timeoutMs,
        mayWait: level !== "hardening" &&
          (!endsHead(test.bytes) || test.topic === "noise" || rule.mayServe === true),
      })
      : test.events.some((event) => "incomplete" in event)
      ? await incomplete(client)
      : isWhole
      ? await wellFormed(client, test, messages, rule, target)
      : heldBack(client, messages, rule);
    if (outcome.verdict !== "fail") return outcome;
    const sent = { bytes: test.bytes, at: cutsOf(test) };
    return {
      ...outcome,
      ...(level === "hardening" && { expected: outcome.expected ?? "a refusal, as ktcp's" }),
      sent: escapeBytes(sent.bytes, sent.at),
      received: escapeBytes(client.peer.received),
    };
  } finally {
    await client.close();
  }
}

/** Where a write ended because the next one waits for an answer. */
function cutsOf({ steps }: HttpCase): number[] {
  const cuts: number[] = [];
  let at = 0;
  for (const step of steps) {
    if (step instanceof Uint8Array) at += step.length;
    else cuts.push(at);
  }
  return cuts;
}

/** The responses that are not interim ones. */
export function finalsOf({ responses }: Exchange): HttpResponse[] {
  return responses.filter((response) => !isInterim(response));
}

/** Judges the answers to requests of which the last one is malformed. */
async function malformed(
  client: RawClient,
  before: number,
  rule: Rule,
  { timeoutMs, mayWait }: { timeoutMs: number; mayWait: boolean },
): Promise<Outcome> {
  const expected = rule.mayServe
    ? "one response, and the end of the connection"
    : `${rule.status?.join(" or ") ?? "a status from 400 on, or the end of the connection"}` +
      (rule.closes ? ", and the end of the connection" : "");
  let seen = await client.untilFinals(before + 1, mayWait ? EARLY_MS : timeoutMs);
  if (!rule.closes) await client.untilFinals(before + 2, QUIET_MS);
  else if (seen.end === "open") seen = await client.untilClosed(timeoutMs);
  const { end, fault } = client.exchange;
  const finals = finalsOf(client.exchange);
  // A reset after the answer loses nothing here; a case of its own judges resets that do.
  const answer = finals[before];
  if (fault !== undefined) {
    return fail(`malformed response: ${fault}`, { cause: causeOfFault(fault) });
  }
  if (finals.length > before + 1 && !rule.mayServe) {
    return fail(`${finals.length} responses: bytes behind the malformed request were served`, {
      expected,
    });
  }
  if (answer === undefined) {
    if (end === "open") {
      // A server may wait for the end of the request before it judges it.
      if (mayWait) return pass("the server waits for the rest");
      return fail("no answer: the server waits for more", { expected });
    }
    const isEarly = finals.length < before;
    if (isEarly || (rule.status !== undefined && !rule.mayServe && rule.closes !== true)) {
      return fail(`the connection was ${end} without a response`, { expected });
    }
    return pass(`refused: the connection was ${end}`);
  }
  const wasServed = answer.status < 400;
  if (!rule.mayServe && (wasServed || (rule.status && !rule.status.includes(answer.status)))) {
    return fail(`it was answered with ${answer.status}`, { expected });
  }
  // A server may close later, to read what the client still sends first.
  if (rule.closes && end === "open" && !saysClose(answer)) {
    return fail(`answered with ${answer.status}, and the connection stays open`, { expected });
  }
  if (rule.mayServe && finals.length > before + 1) {
    return fail("a second response came on a connection that has to end after the first", {
      expected,
    });
  }
  return pass(wasServed ? `served with ${answer.status}` : `refused with ${answer.status}`);
}

/** Judges what is sent in answer to an incomplete head: no response may treat it as complete. */
async function incomplete(client: RawClient): Promise<Outcome> {
  const seen = await client.until((now) => now.finals > 0, EARLY_MS);
  const early = finalsOf(seen)[0];
  const expected = "nothing before the empty line that ends the head";
  if (early !== undefined && early.status < 400) {
    return fail(`${early.status} came before the head was complete`, { expected, cause: "early" });
  }
  return pass("nothing was served");
}

/**
 * Judges the final response that came instead of the 100 that the client waited for before sending
 * the content.
 */
function heldBack(
  client: RawClient,
  messages: readonly Message[],
  rule: Rule,
): Outcome {
  const { end, fault } = client.exchange;
  const finals = finalsOf(client.exchange);
  if (fault !== undefined) {
    return fail(`malformed response: ${fault}`, { cause: causeOfFault(fault) });
  }
  for (const [i, { status }] of finals.entries()) {
    const wrong = messages[i] && wrongStatus(messages[i], status, rule);
    if (wrong) return fail(wrong);
  }
  if (finals.length > 0) return pass("a final response came in place of 100");
  return fail(
    end === "open" ? "neither 100 nor a final response came" : `the connection was ${end}`,
    {
      expected: "100 or a final response",
      cause: "expect",
    },
  );
}

/** Judges the answers to well-formed requests, and whether the connection is in step after them. */
async function wellFormed(
  client: RawClient,
  test: HttpCase,
  messages: readonly Message[],
  rule: Rule,
  target: Target,
): Promise<Outcome> {
  const { timeoutMs, protocol } = target;
  const count = messages.length;
  const isLast = messages.at(-1)?.last ?? false;
  let seen = await client.untilFinals(count, timeoutMs);
  if (isLast && seen.end === "open") seen = await client.untilClosed(timeoutMs);
  else if (seen.end === "open" && !seen.timedOut && count > 0) {
    await client.request("GET", protocol.message(count));
    seen = await client.untilFinals(count + 1, timeoutMs);
    if (!seen.timedOut) await client.untilFinals(count + 2, QUIET_MS);
  }
  const { end, fault } = client.exchange;
  const finals = finalsOf(client.exchange);
  const wantsContent = messages.some(({ body }) => body !== "");
  const expected = `${count} final response${count === 1 ? "" : "s"}${
    isLast ? ", and the end of the connection" : ", and the connection in step"
  }`;
  for (const [i, message] of messages.entries()) {
    const got = finals[i];
    if (got === undefined) {
      const previous = finals[i - 1];
      if (fault !== undefined) {
        // A server may accept the upgrade that the request offers.
        if (test.row === UPGRADE_ROW && fault.startsWith("101")) return pass("it was upgraded");
        return fail(`malformed response: ${fault}`, {
          expected,
          cause: causeOfFault(fault, hasHead(test)),
        });
      }
      // A server may close a connection after any response, if it announces that.
      if (end !== "open" && previous !== undefined && saysClose(previous)) {
        return pass("the connection was closed, as announced");
      }
      return missing(i, end, previous, expected);
    }
    const wrong = wrongStatus(message, got.status, rule);
    if (wrong !== undefined) {
      return fail(wrong, { expected, ...(i > 0 && wantsContent ? { cause: "body-left" } : {}) });
    }
  }
  if (fault !== undefined) {
    return fail(`malformed response: ${fault}`, {
      expected,
      cause: causeOfFault(fault, hasHead(test)),
    });
  }
  if (end === "reset") {
    const last = finals[count - 1];
    // If the close was announced, a reset may come before or after the FIN.
    if (finals.length === count && last !== undefined && saysClose(last)) {
      return pass("the connection was closed, as announced");
    }
    return fail("the connection was reset", { expected, cause: "resets" });
  }
  if (isLast) {
    if (end === "open") return fail("the connection stays open", { expected, cause: "no-close" });
    return finals.length === count
      ? pass()
      : fail(`${finals.length} responses: what follows a close was served`, { expected });
  }
  if (count === 0) {
    return finals.length === 0 ? pass() : fail("a response to nothing", { expected });
  }
  if (end !== "open" && finals.length === count) {
    const last = finals[count - 1];
    // After an error a server may close at once.
    return saysClose(last) || last.minor === 0 || last.status >= 400
      ? pass("the connection was closed, as announced")
      : fail("the connection was closed without Connection: close", {
        expected,
        cause: "unannounced-close",
      });
  }
  if (finals.length > count + 1) {
    return fail(`${finals.length - 1} responses to ${count} requests`, {
      expected,
      cause: wantsContent ? "body-left" : "extra-response",
    });
  }
  const probe = finals[count];
  if (probe === undefined) return fail("a further request got no answer", { expected });
  if (probe.status === 400 || probe.status >= 500) {
    return fail(`a further request got ${probe.status}: it was not read from its first byte`, {
      expected,
      ...(wantsContent ? { cause: "body-left" } : {}),
    });
  }
  return pass();
}

function missing(
  at: number,
  end: string,
  previous: HttpResponse | undefined,
  expected: string,
): Outcome {
  const what = end === "open" ? "no response" : `the connection was ${end}`;
  if (previous === undefined) return fail(`${what} instead of response ${at + 1}`, { expected });
  const cause = end === "open" ? "drops-pipelined" : "unannounced-close";
  return fail(`${what} instead of response ${at + 1}`, { expected, cause });
}

/** Why `status` is wrong for a well-formed request; undefined if it is right. */
function wrongStatus(
  { method, target, body, mayReject }: Message & { mayReject?: number[] },
  status: number,
  rule: Rule,
): string | undefined {
  // A server that does not support OPTIONS * may refuse it in any way.
  if (rule.anyStatus || target === "*" || mayReject?.includes(status)) return undefined;
  // How to refuse an unknown method, and whether to accept content with GET, is the server's
  // choice.
  const isGeneral = method === "GET" || method === "HEAD";
  if (status < 500 && (!METHODS.includes(method) || (isGeneral && body !== ""))) return undefined;
  if (NOT_SERVED.includes(status)) return `a well-formed request got ${status}`;
  if (isGeneral && (status === 405 || status === 501)) return `${method} got ${status}`;
  return undefined;
}

/** Whether a response announces the end of its connection. */
export function saysClose(response: HttpResponse): boolean {
  return /(^|[\s,])close($|[\s,])/i.test(fieldOf(response, "connection") ?? "");
}

function hasHead({ events }: HttpCase): boolean {
  return events.some((event) => "method" in event && event.method === "HEAD");
}
