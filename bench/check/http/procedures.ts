/** The procedures for HTTP cases that are not replayed requests. */
import { fail, type Outcome, pass, unclear } from "../case.ts";
import type { Parameters, Procedure } from "../data_case.ts";
import { escapeBytes } from "../escape.ts";
import { latin1Bytes } from "../latin1.ts";
import type { Target } from "../target.ts";
import { RawClient } from "./raw_client.ts";
import { finalsOf, saysClose } from "./replayed.ts";
import { causeOfFault, fieldOf, type HttpResponse } from "./response_reader.ts";

const IMF_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** How far Date may be off, in ms, before it counts as wrong. */
const CLOCK_MS = 60_000;

/** How long an idle connection is watched, in ms. */
const IDLE_MS = 10_000;

/** A request like that of the protocol: another method, another version, more fields. */
function requestOf({ protocol }: Target, parameters: Parameters): Uint8Array<ArrayBuffer> {
  const { method = "GET", version = "HTTP/1.1", fields = "", target } = parameters;
  const [line, ...rest] = new TextDecoder().decode(protocol.message(0)).split("\r\n");
  const [, own] = line.split(" ");
  const whole = parameters.absolute ? `http://${rest[0].slice("Host: ".length)}${own}` : own;
  const first = `${method} ${target ?? whole} ${version}`;
  return latin1Bytes([first, rest[0], ...(fields === "" ? [] : [fields]), "", ""].join("\r\n"));
}

/** A rule for one response; returns what is wrong. */
type Rule = (
  response: HttpResponse,
) => { why: string; expected: string; cause?: string } | undefined;

const RULES: Readonly<Record<string, Rule>> = {
  date: (response) => {
    const date = fieldOf(response, "date");
    const expected = "Date: and the time in IMF-fixdate";
    if (date === undefined) return { why: "the response has no Date", expected };
    return IMF_DATE.test(date) ? undefined : { why: `Date is '${date}'`, expected };
  },
  clock: (response) => {
    const off = Math.abs(Date.parse(fieldOf(response, "date") ?? "") - Date.now());
    return !(off > CLOCK_MS)
      ? undefined
      : { why: `Date is off by ${Math.round(off / 1000)} s`, expected: "the time of the response" };
  },
  framed: ({ framing }) =>
    framing !== "close" ? undefined : {
      why: "the content has no length and ends with the connection",
      expected: "Content-Length or chunked, so that the connection can be used again",
    },
  allow: (response) =>
    response.status !== 405 || fieldOf(response, "allow") !== undefined
      ? undefined
      : { why: "405 came without Allow", expected: "Allow with the methods that are allowed" },
  type: (response) =>
    response.body === "" || fieldOf(response, "content-type") !== undefined
      ? undefined
      : { why: "content came without Content-Type", expected: "Content-Type" },
  served: ({ status }) =>
    status < 400 ? undefined : { why: `it was answered with ${status}`, expected: "the resource" },
  version: ({ minor }) =>
    minor === 1 ? undefined : {
      why: `the response is of HTTP/1.${minor}`,
      expected: "the highest version of the server",
    },
};

/** Sends one request, and checks the response against the rule that the case names. */
async function response(target: Target, parameters: Parameters): Promise<Outcome> {
  const sent = requestOf(target, parameters);
  const client = await RawClient.connect(
    target.address,
    [String(parameters.method ?? "GET")],
    target.timeoutMs,
  );
  try {
    await client.send(sent);
    const seen = await client.untilFinals(1, target.timeoutMs);
    const shown = { sent: escapeBytes(sent), received: escapeBytes(client.peer.received) };
    const [final] = finalsOf(seen);
    if (seen.fault !== undefined) {
      return fail(`malformed response: ${seen.fault}`, {
        ...shown,
        cause: causeOfFault(seen.fault),
      });
    }
    if (final === undefined) {
      const isShort = client.peer.count > 0;
      return fail(isShort ? "the response is incomplete" : `no response, ${seen.end}`, {
        ...shown,
        expected: "a whole response",
        cause: isShort ? "wrong-length" : "split-request",
      });
    }
    const wrong = RULES[String(parameters.rule)](final);
    if (wrong === undefined) return pass();
    const { why, ...rest } = wrong;
    return fail(why, { ...shown, ...rest });
  } finally {
    await client.close();
  }
}

/** Checks that Content-Length is exact: after the content comes the next response, or the end. */
async function exactLength(target: Target, parameters: Parameters): Promise<Outcome> {
  const sent = requestOf(target, { ...parameters, fields: "Connection: close" });
  const client = await RawClient.connect(
    target.address,
    [String(parameters.method ?? "GET")],
    target.timeoutMs,
  );
  try {
    await client.send(sent);
    const seen = await client.untilClosed(target.timeoutMs);
    const shown = {
      sent: escapeBytes(sent),
      received: escapeBytes(client.peer.received),
      expected: "one response, and no byte after its content",
    };
    const finals = finalsOf(seen);
    if (seen.fault !== undefined) {
      const isHead = parameters.method === "HEAD";
      return fail(
        finals.length > 0 ? "bytes came after the content" : `malformed response: ${seen.fault}`,
        { ...shown, cause: isHead ? "head-content" : causeOfFault(seen.fault) },
      );
    }
    if (finals.length === 1) return pass();
    return fail(
      client.peer.count > 0 ? "the content is shorter than its Content-Length" : "no response",
      shown,
    );
  } finally {
    await client.close();
  }
}

/** Checks that HEAD states the same Content-Length as GET. */
async function headLikeGet(target: Target): Promise<Outcome> {
  const lengths: (string | undefined)[] = [];
  for (const method of ["GET", "HEAD"]) {
    const client = await RawClient.connect(target.address, [method], target.timeoutMs);
    try {
      await client.send(requestOf(target, { method }));
      const [final] = finalsOf(await client.untilFinals(1, target.timeoutMs));
      if (final === undefined) return unclear(`${method} got no whole response`);
      lengths.push(fieldOf(final, "content-length"));
    } finally {
      await client.close();
    }
  }
  const [get, head] = lengths;
  if (head === undefined || get === undefined || head === get) return pass();
  return fail(`Content-Length of HEAD is ${head}, and that of GET ${get}`, {
    expected: "the length that GET would send, or none",
  });
}

/** Checks that the connection ends after the response to a request that asks for it. */
async function ends(target: Target, parameters: Parameters): Promise<Outcome> {
  const sent = requestOf(target, parameters);
  const client = await RawClient.connect(target.address, [], target.timeoutMs);
  try {
    await client.send(sent);
    const seen = await client.untilClosed(target.timeoutMs);
    if (seen.fault !== undefined) {
      return fail(`malformed response: ${seen.fault}`, {
        sent: escapeBytes(sent),
        received: escapeBytes(client.peer.received),
        cause: causeOfFault(seen.fault),
      });
    }
    if (seen.end === "closed" && finalsOf(seen).length === 1) return pass();
    return fail(
      finalsOf(seen).length === 0
        ? `no response, and the connection is ${seen.end}`
        : `the connection is ${seen.end} after the response`,
      {
        sent: escapeBytes(sent),
        received: escapeBytes(client.peer.received),
        expected: "a response, then the end of the connection",
        ...(seen.end === "reset" ? { cause: "resets" } : {}),
      },
    );
  } finally {
    await client.close();
  }
}

/** Sends `count` requests on one connection, one after the other. */
async function reuse(target: Target, parameters: Parameters): Promise<Outcome> {
  const count = Number(parameters.count);
  const client = await RawClient.connect(target.address, [], target.timeoutMs);
  const sent = requestOf(target, parameters);
  try {
    for (let i = 1; i <= count; i++) {
      await client.send(sent);
      const seen = await client.untilFinals(i, target.timeoutMs);
      const finals = finalsOf(seen);
      const shown = {
        sent: escapeBytes(sent),
        received: escapeBytes(client.peer.received),
        expected: `${count} responses on one connection`,
      };
      if (seen.fault !== undefined) {
        return fail(`malformed response: ${seen.fault}`, {
          ...shown,
          cause: causeOfFault(seen.fault),
        });
      }
      if (finals.length < i) return fail(`request ${i}: no response, ${seen.end}`, shown);
      if (seen.end !== "open" || saysClose(finals[i - 1])) {
        if (i === count || (i > 1 && saysClose(finals[i - 1]))) return pass(`closed after ${i}`);
        return fail(`the connection was closed after ${i}`, shown);
      }
    }
    return pass(`${count} responses`);
  } finally {
    await client.close();
  }
}

/** Checks whether an idle connection is closed in time. */
async function idle(target: Target): Promise<Outcome> {
  const client = await RawClient.connect(target.address, [], target.timeoutMs);
  try {
    await client.send(target.protocol.message(0));
    await client.untilFinals(1, target.timeoutMs);
    const seen = await client.untilClosed(IDLE_MS);
    return seen.end === "open"
      ? unclear(`still open after ${IDLE_MS / 1000} s; it may be closed later`)
      : pass(`the connection was ${seen.end}`);
  } finally {
    await client.close();
  }
}

/** Procedures by name. */
export const HTTP_PROCEDURES: Readonly<Record<string, Procedure>> = {
  response: { maxMs: (timeoutMs) => timeoutMs, run: response },
  exactLength: { maxMs: (timeoutMs) => timeoutMs, run: exactLength },
  headLikeGet: { maxMs: (timeoutMs) => 2 * timeoutMs, run: headLikeGet },
  ends: { maxMs: (timeoutMs) => timeoutMs, run: ends },
  reuse: { maxMs: (timeoutMs, { count }) => timeoutMs + 10 * Number(count), run: reuse },
  idle: { maxMs: (timeoutMs) => timeoutMs + IDLE_MS, run: idle },
};
