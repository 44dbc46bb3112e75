/**
 * The request cases of `cases/GROUP/TOPIC.json`: raw requests as data, with what a parser must
 * report and what each service of ktcp must answer. There is one file per topic; `row` is the row
 * of the table of HTTP rules (1 to 40) that the case tests.
 *
 * In a file, a string is latin1: each character is one byte. An entry with `each` makes one case
 * per element; the part `{"each": true}` is replaced by the element.
 */
import type { Level } from "../case.ts";
import { latin1Bytes } from "../latin1.ts";
import requestLine from "./cases/bytes/request_line.json" with { type: "json" };
import fields from "./cases/bytes/fields.json" with { type: "json" };
import targets from "./cases/bytes/targets.json" with { type: "json" };
import methods from "./cases/bytes/methods.json" with { type: "json" };
import versions from "./cases/bytes/versions.json" with { type: "json" };
import host from "./cases/bytes/host.json" with { type: "json" };
import contentLength from "./cases/framing/content_length.json" with { type: "json" };
import transferEncoding from "./cases/framing/transfer_encoding.json" with { type: "json" };
import chunked from "./cases/framing/chunked.json" with { type: "json" };
import smuggling from "./cases/framing/smuggling.json" with { type: "json" };
import expect from "./cases/framing/expect.json" with { type: "json" };
import limits from "./cases/framing/limits.json" with { type: "json" };
import persistence from "./cases/persistence/persistence.json" with { type: "json" };
import noise from "./cases/robustness/noise.json" with { type: "json" };

/** The files: group, topic, entries. */
const FILES = {
  bytes: { request_line: requestLine, fields, targets, methods, versions, host },
  framing: {
    content_length: contentLength,
    transfer_encoding: transferEncoding,
    chunked,
    smuggling,
    expect,
    limits,
  },
  persistence: { persistence },
  robustness: { noise },
};

/** Number of rows in the table of HTTP rules. */
export const ROWS = 40;

/** The servers a case is sent to: Hello World, `--echo`, and `--dir` on `index.html` and `a.txt`. */
export const SERVICES = ["hello", "echo", "dir"] as const;
export type Service = typeof SERVICES[number];

/** The files of the directory that `dir` expects. */
export const DIR_FILES = { "index.html": "<h1>hi</h1>", "a.txt": "alpha\n" } as const;

/** One step of an exchange: send bytes, or wait for an interim response before continuing. */
export type Step = Uint8Array | { after: number; finals: number };

/** What a pull parser reports for a message, or the fault that ends the stream. */
export type ParserEvent = Message | { error: number } | { incomplete: true };

/** A request whose head and body were accepted. Target and body are latin1, minor is of HTTP/1.x. */
export interface Message {
  method: string;
  target: string;
  minor: number;
  body: string;
  /** Whether the connection ends with this message, so that nothing after it is parsed. */
  last: boolean;
}

/**
 * The parser's expected events. `mayReject`: the message is well-formed but refused because of its
 * meaning, so a parser may report that status instead. `error` may list several statuses where the
 * table does not rank two faults. `incomplete`: the input stops within a message.
 */
export type EventExpectation =
  | (Message & { mayReject?: number[] })
  | { error: number[] }
  | { incomplete: true };

/** One expected response; properties left out are not judged. */
export interface ResponseExpectation {
  /** Any of these. */
  status: number[];
  /** Whether it may be missing (an interim response, or one that depends on an earlier choice). */
  optional: boolean;
  /** Field values, compared case-insensitively; `*` requires any value, `null` requires absence. */
  fields: Record<string, string | null>;
  /** The exact content, latin1. */
  body?: string;
  /** A part of the content. */
  contains?: string;
}

/**
 * What must happen to the connection: it stays `open`, the server must `close` it, or `either` is
 * right; `incomplete`: after its timeout the server answers 408 and closes; `silent`: as
 * `incomplete`, or a close without 408; `idle`: a close without a response.
 */
export type Then = "open" | "close" | "either" | "incomplete" | "silent" | "idle";

export interface Expectation {
  responses: ResponseExpectation[];
  then: Then;
}

export interface HttpCase {
  name: string;
  /** Its folder. */
  group: string;
  /** Its file, without `.json`. */
  topic: string;
  /** Row of the table of HTTP rules. */
  row: number;
  /** How serious a failure is in any server, if not as its row says; see `rules.ts`. */
  level?: Level;
  note?: string;
  steps: Step[];
  /** All steps' bytes in order: what a parser is fed. */
  bytes: Uint8Array<ArrayBuffer>;
  events: EventExpectation[];
  expect: Record<Service, Expectation>;
}

type RawBytes = string | (string | { repeat: string; times: number })[];
type RawPart = string | { repeat: string; times: number } | { each: true } | {
  after: number;
  finals?: number;
};
type RawExpectation = string | {
  responses: (number | {
    status: number | number[];
    optional?: boolean;
    fields?: Record<string, string | null>;
    body?: RawBytes;
    contains?: string;
  })[];
  then?: Then;
};
interface RawEvent {
  method?: RawBytes;
  target?: RawBytes;
  minor?: number;
  body?: RawBytes;
  last?: boolean;
  mayReject?: number | number[];
  error?: number | number[];
  incomplete?: boolean;
}
type RawCase = {
  name: string;
  row: number;
  level?: Level;
  note?: string;
  each?: string[];
  request: string | RawPart[];
  events: RawEvent[];
  expect?: RawExpectation;
} & Partial<Record<Service, RawExpectation>>;

const KEYS = ["name", "row", "level", "note", "each", "request", "events", "expect", ...SERVICES];

/**
 * Loads all cases, checked and with `each` expanded.
 *
 * @throws an error with file and name if an entry is malformed
 */
export function loadHttpCases(): HttpCase[] {
  return Object.entries(FILES).flatMap(([group, topics]) =>
    Object.entries(topics).flatMap(([topic, entries]) =>
      parseCases(entries as readonly unknown[], topic, group)
    )
  );
}

/** The cases of one topic's entries; see {@link loadHttpCases}. */
export function parseCases(
  entries: readonly unknown[],
  topic: string,
  group = "bytes",
): HttpCase[] {
  const where = { topic, group };
  return entries.flatMap((entry) => {
    const raw = entry as RawCase;
    const unknown = Object.keys(raw).filter((key) => !KEYS.includes(key));
    try {
      if (!raw.name || !Number.isInteger(raw.row)) throw new Error("It needs a name and a row");
      if (unknown.length > 0) throw new Error(`Unknown key: ${unknown.join(", ")}`);
      return raw.each ? raw.each.map((item) => expand(raw, where, item)) : [expand(raw, where)];
    } catch (error) {
      throw new Error(`${topic}.json, "${raw.name}": ${(error as Error).message}`);
    }
  });
}

function expand(raw: RawCase, where: Pick<HttpCase, "topic" | "group">, item?: string): HttpCase {
  const steps = mergeSteps(typeof raw.request === "string" ? [raw.request] : raw.request, item);
  const sent = steps.filter((step) => step instanceof Uint8Array);
  const bytes = new Uint8Array(sent.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of sent) {
    bytes.set(part, at);
    at += part.length;
  }
  const expect = Object.fromEntries(SERVICES.map((service) => {
    const expected = raw[service] ?? raw.expect;
    if (expected === undefined) throw new Error(`No expectation for ${service}`);
    return [service, parseExpectation(expected)];
  })) as Record<Service, Expectation>;
  return {
    name: item === undefined ? raw.name : `${raw.name}: ${label(item)}`,
    ...where,
    row: raw.row,
    ...(raw.level === undefined ? {} : { level: raw.level }),
    note: raw.note,
    steps,
    bytes,
    events: raw.events.map(parseEvent),
    expect,
  };
}

/** Longer elements are named by their length. */
const MAX_QUOTED = 12;

/** Names an element of `each`: one byte in hexadecimal, a few as they are, others by their length. */
function label(item: string): string {
  if (item.length > MAX_QUOTED) return `${item.length} bytes`;
  if (item.length !== 1) return JSON.stringify(item);
  return "0x" + item.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

function mergeSteps(parts: RawPart[], item?: string): Step[] {
  const steps: Step[] = [];
  let text = "";
  let used = false;
  for (const part of parts) {
    if (typeof part === "string") text += part;
    else if ("repeat" in part) text += part.repeat.repeat(part.times);
    else if ("each" in part) {
      if (item === undefined) throw new Error(`The part {"each": true} without a list "each"`);
      text += item;
      used = true;
    } else {
      steps.push(latin1Bytes(text), { after: part.after, finals: part.finals ?? 0 });
      text = "";
    }
  }
  if (item !== undefined && !used) throw new Error(`"each" without a part {"each": true}`);
  if (text !== "") steps.push(latin1Bytes(text));
  return steps;
}

function flat(raw: RawBytes): string {
  if (typeof raw === "string") return raw;
  return raw.map((part) => typeof part === "string" ? part : part.repeat.repeat(part.times))
    .join("");
}

function list<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

function parseEvent(raw: RawEvent): EventExpectation {
  if (raw.incomplete) return { incomplete: true };
  if (raw.error !== undefined) return { error: list(raw.error) };
  if (raw.method === undefined || raw.target === undefined) {
    throw new Error(`No event: ${JSON.stringify(raw)}`);
  }
  const message: EventExpectation = {
    method: flat(raw.method),
    target: flat(raw.target),
    minor: raw.minor ?? 1,
    body: flat(raw.body ?? ""),
    last: raw.last ?? false,
  };
  if (raw.mayReject !== undefined) message.mayReject = list(raw.mayReject);
  return message;
}

const ENDS: Record<string, Then> = {
  "+C": "close",
  "?C": "either",
  "...": "incomplete",
  "...?": "silent",
  "idle": "idle",
};

/**
 * Reads an expectation. The short form is that of the table: statuses in order, then what becomes of
 * the connection, as in `200 400 +C` (closes), `100? 200` (100 may be missing, stays open),
 * `400|501 ?C` (either status, closed or open), `200 ...` (waits for more, later 408).
 */
function parseExpectation(raw: RawExpectation): Expectation {
  if (typeof raw === "string") {
    const words = raw.split(" ").filter((word) => word !== "");
    const then = ENDS[words.at(-1) ?? ""];
    if (then !== undefined) words.pop();
    return { responses: words.map(parseStatus), then: then ?? "open" };
  }
  const responses = raw.responses.map((response): ResponseExpectation => {
    if (typeof response === "number") return { status: [response], optional: false, fields: {} };
    const { status, optional = false, fields = {}, body, contains } = response;
    return {
      status: list(status),
      optional,
      fields,
      ...(body === undefined ? {} : { body: flat(body) }),
      ...(contains === undefined ? {} : { contains }),
    };
  });
  return { responses, then: raw.then ?? "open" };
}

function parseStatus(word: string): ResponseExpectation {
  if (!/^[1-5]\d\d(\|[1-5]\d\d)*\??$/.test(word)) throw new Error(`No status: ${word}`);
  const status = word.replace("?", "").split("|").map(Number);
  return { status, optional: word.endsWith("?"), fields: {} };
}
