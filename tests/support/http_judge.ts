/** Judges what a parser reported, or a server answered, by the expectation of a case. */
import type {
  EventExpectation,
  Expectation,
  HttpCase,
  ParserEvent,
  ResponseExpectation,
} from "../../bench/check/http/cases.ts";
import type { Exchange } from "../../bench/check/http/raw_client.ts";
import { fieldOf, type HttpResponse, isInterim } from "../../bench/check/http/response_reader.ts";

/** Above this an error's content is no longer short. */
const LONGEST_ERROR = 1024;

const IMF_DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Compares a parser's events with those of a case.
 *
 * @param actual what a parser reported for the case's bytes, up to the first message after which the
 * connection closes, the first error, or the end of the input
 * @returns the differences, none when the parser was right
 */
export function eventFaults(test: HttpCase, actual: readonly ParserEvent[]): string[] {
  const expected = test.events;
  for (let i = 0; i < Math.max(expected.length, actual.length); i++) {
    const want = expected[i];
    const got = actual[i];
    if (want !== undefined && got !== undefined && "mayReject" in want && "error" in got) {
      return want.mayReject!.includes(got.error) ? [] : [different(i, want, got)];
    }
    if (want === undefined && isWaitingBetweenMessages(test, got)) return [];
    if (!sameEvent(want, got)) return [different(i, want, got)];
  }
  return [];
}

/** Input of empty lines alone: the table does not say whether a message has begun. */
function isWaitingBetweenMessages(test: HttpCase, got: ParserEvent): boolean {
  return test.events.length === 0 && "incomplete" in got;
}

function sameEvent(want: EventExpectation | undefined, got: ParserEvent | undefined): boolean {
  if (want === undefined || got === undefined) return false;
  if ("error" in want) return "error" in got && want.error.includes(got.error);
  if ("incomplete" in want) return "incomplete" in got;
  return "method" in got && want.method === got.method && want.target === got.target &&
    want.minor === got.minor && want.body === got.body && want.last === got.last;
}

function different(at: number, want?: EventExpectation, got?: ParserEvent): string {
  return `event ${at}: wanted ${show(want)}, got ${show(got)}`;
}

function show(value: unknown): string {
  const text = value === undefined ? "nothing more" : JSON.stringify(value);
  return text.length > 300 ? text.slice(0, 300) + "…" : text;
}

/**
 * Compares what a server answered with an expectation, and with the rules that hold for every
 * response.
 *
 * @param minors the minor versions of the requests in order
 * @returns the faults, none when the server was right
 */
export function answerFaults(
  expected: Expectation,
  exchange: Exchange,
  minors: readonly number[] = [],
): string[] {
  const faults = exchange.fault === undefined ? [] : [`malformed response: ${exchange.fault}`];
  let at = 0;
  for (const want of expected.responses) {
    const got = exchange.responses[at];
    if (got === undefined || !want.status.includes(got.status)) {
      if (want.optional) continue;
      faults.push(`response ${at}: wanted ${want.status.join(" or ")}, got ${brief(got)}`);
      // What follows cannot be matched any more.
      at = exchange.responses.length;
      break;
    }
    faults.push(...responseFaults(want, got).map((fault) => `response ${at}: ${fault}`));
    at++;
  }
  if (exchange.responses.length > at) {
    faults.push(`an unexpected response: ${brief(exchange.responses[at])}`);
  }
  if (mustClose(expected) && exchange.end !== "closed") {
    faults.push(`the connection should close with FIN, it is ${exchange.end}`);
  }
  if (expected.then === "open" && exchange.end !== "open") {
    faults.push(`the connection should stay open, it is ${exchange.end}`);
  }
  if (exchange.end === "reset") faults.push("the connection was reset");
  return [...faults, ...connectionFaults(expected, exchange, minors)];
}

function mustClose({ then }: Expectation): boolean {
  return then !== "open" && then !== "either";
}

function brief(response: HttpResponse | undefined): string {
  return response === undefined ? "no response" : `${response.status} ${show(response.body)}`;
}

function responseFaults(want: ResponseExpectation, got: HttpResponse): string[] {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(want.fields)) {
    const found = fieldOf(got, name);
    if (value === null ? found !== undefined : found === undefined) {
      faults.push(`${name} should be ${value === null ? "absent" : "there"}, it is ${found}`);
    } else if (value !== null && value !== "*" && found?.toLowerCase() !== value.toLowerCase()) {
      faults.push(`${name} should be ${value}, it is ${found}`);
    }
  }
  if (want.body !== undefined && got.body !== want.body) {
    faults.push(`wanted the content ${show(want.body)}, got ${show(got.body)}`);
  }
  if (want.contains !== undefined && !got.body.includes(want.contains)) {
    faults.push(`wanted ${show(want.contains)} in the content ${show(got.body)}`);
  }
  return [...faults, ...generalFaults(got)];
}

/** The rules for every response: Date, Server, Allow with 405, short plain text with an error. */
function generalFaults(got: HttpResponse): string[] {
  if (isInterim(got)) return [];
  const faults: string[] = [];
  if (got.minor !== 1) faults.push(`HTTP/1.${got.minor}`);
  const date = fieldOf(got, "date") ?? "";
  if (!IMF_DATE.test(date)) faults.push(`Date is ${show(date)}`);
  if (fieldOf(got, "server") !== "ktcp") faults.push(`Server is ${fieldOf(got, "server")}`);
  if ((got.status === 405 || got.status === 204) && !fieldOf(got, "allow")) {
    faults.push(`${got.status} without Allow`);
  }
  if (got.framing === "close") faults.push("the content is framed by the end of the connection");
  if (got.status >= 400 && got.framing !== "none") {
    const type = fieldOf(got, "content-type") ?? "none";
    if (!type.startsWith("text/plain")) faults.push(`an error's Content-Type is ${type}`);
    if (got.body === "") faults.push("an error without a reason");
    if (got.body.length > LONGEST_ERROR) faults.push(`an error of ${got.body.length} bytes`);
  }
  return faults;
}

/** The Connection field must say what becomes of the connection (RFC 9112, 9.3 and 9.6). */
function connectionFaults(
  expected: Expectation,
  exchange: Exchange,
  minors: readonly number[],
): string[] {
  const finals = exchange.responses.filter((response) => !isInterim(response));
  return finals.flatMap((response, i) => {
    const options = (fieldOf(response, "connection") ?? "").toLowerCase().split(/[\s,]+/);
    const saysClose = options.includes("close");
    const isLast = i === finals.length - 1;
    if (saysClose && (!isLast || expected.then === "open")) {
      return [`response ${i} says close, and the connection is used further`];
    }
    const mustSay = isLast && mustClose(expected) && expected.then !== "idle" && minors[i] !== 0;
    return mustSay && !saysClose ? [`response ${i} does not say close before the close`] : [];
  });
}
