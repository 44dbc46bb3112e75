/**
 * fast-check arbitraries of requests: valid ones with the parse that they must give, pipelines of
 * them, and mutations of any bytes.
 */
import fc from "fast-check";
import type { Message } from "../../bench/check/http/cases.ts";
import { latin1Bytes } from "../../bench/check/latin1.ts";

export interface GeneratedRequest {
  /** The request as sent, latin1. */
  text: string;
  /** The parse it must give. */
  message: Message;
  /** Field lines in order: names as sent, values without the white space around them. */
  fields: [name: string, value: string][];
}

export interface GeneratedPipeline {
  bytes: Uint8Array<ArrayBuffer>;
  /** The messages up to the first after which the connection closes; what follows is ignored. */
  messages: Message[];
  requests: GeneratedRequest[];
}

export interface RequestOptions {
  /** Only methods and versions that every parser knows: GET, POST, …, HTTP/1.0 and 1.1 (false). */
  common?: boolean;
  /** Longest body in bytes (200). */
  maxBody?: number;
}

const TOKEN = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"];
const HOSTS = ["a", "localhost:8081", "[::1]:80", "127.0.0.1", "x-1.example", "a%20b"];

/** Names that mean something to a parser or a service are given by their own generators. */
const RESERVED =
  /^(host|connection|proxy-connection|content-length|transfer-encoding|expect|upgrade|te)$/i;

function bytesBetween(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

const VISIBLE = bytesBetween(0x21, 0x7e) + bytesBetween(0x80, 0xff);
const TARGET = [...bytesBetween(0x21, 0x7e)].filter((c) => c !== "#").join("");

/** A latin1 string of the given characters. */
function stringOf(characters: string, constraints: fc.StringConstraints): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: fc.constantFrom(...characters) });
}

const token = stringOf(TOKEN, { minLength: 1, maxLength: 20 });
const space = fc.constantFrom("", " ", "\t", "  ", " \t ");
const fieldName = token.filter((name) => !RESERVED.test(name));
const fieldValue = stringOf(VISIBLE + " \t", { maxLength: 60 })
  .map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
const binary = (maxLength: number) => stringOf(bytesBetween(0, 0xff), { maxLength });

/** The same name with the case of each letter chosen freely: names are compared without case. */
function anyCase(name: string): fc.Arbitrary<string> {
  const flags = fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length });
  return flags.map((upper) =>
    [...name].map((c, i) => upper[i] ? c.toUpperCase() : c.toLowerCase()).join("")
  );
}

interface Field {
  name: string;
  value: string;
  before: string;
  after: string;
}

function field(name: fc.Arbitrary<string>, value: fc.Arbitrary<string>): fc.Arbitrary<Field> {
  return fc.record({ name, value, before: space, after: space });
}

function fieldLine({ name, value, before, after }: Field): string {
  return `${name}:${before}${value}${after}\r\n`;
}

const target = fc.oneof(
  fc.constantFrom("/", "/a.txt", "/index.html?x=1"),
  stringOf(TARGET, { maxLength: 80 }).map((rest) => "/" + rest),
  fc.tuple(fc.constantFrom("http://a", "http://b:80", "HTTP://[::1]:1"), stringOf(TARGET, {}))
    .map(([origin, rest]) => `${origin}/${rest}`),
);

/** How a body is sent: the framing field, if any, and the bytes after the head. */
interface Framing {
  field?: [name: string, value: string];
  coded: string;
  body: string;
}

const extension = fc.oneof(
  { weight: 3, arbitrary: fc.constant("") },
  token.map((name) => `;${name}`),
  fc.tuple(token, token).map(([name, value]) => `;${name}=${value}`),
  fc.tuple(token, stringOf("abc ;=,\t", { maxLength: 10 }))
    .map(([name, value]) => `;${name}="${value}"`),
);

function chunk(maxSize: number): fc.Arbitrary<{ data: string; coded: string }> {
  return fc.record({
    data: stringOf(bytesBetween(0, 0xff), { minLength: 1, maxLength: Math.max(1, maxSize) }),
    zeros: fc.constantFrom("", "", "0", "000"),
    upper: fc.boolean(),
    extension,
  }).map(({ data, zeros, upper, extension }) => {
    const hex = data.length.toString(16);
    const size = zeros + (upper ? hex.toUpperCase() : hex);
    return { data, coded: `${size}${extension}\r\n${data}\r\n` };
  });
}

function chunkedFraming(maxBody: number): fc.Arbitrary<Framing> {
  return fc.record({
    chunks: fc.array(chunk(Math.floor(maxBody / 5)), { maxLength: 5 }),
    last: fc.constantFrom("0", "0", "00", "0;last=1"),
    trailers: fc.array(field(fieldName, fieldValue), { maxLength: 2 }),
    value: anyCase("chunked"),
  }).map(({ chunks, last, trailers, value }) => ({
    field: ["Transfer-Encoding", value],
    coded: chunks.map(({ coded }) => coded).join("") +
      `${last}\r\n${trailers.map(fieldLine).join("")}\r\n`,
    body: chunks.map(({ data }) => data).join(""),
  }));
}

function framing(minor: number, maxBody: number): fc.Arbitrary<Framing> {
  const none = fc.constant<Framing>({ coded: "", body: "" });
  const length = binary(maxBody).map((body): Framing => ({
    field: ["Content-Length", `${body.length}`],
    coded: body,
    body,
  }));
  return minor === 0 ? fc.oneof(none, length) : fc.oneof(none, length, chunkedFraming(maxBody));
}

/** A Connection value for a version, and whether the connection ends with the request. */
function connection(minor: number): fc.Arbitrary<{ value?: string; last: boolean }> {
  return fc.constantFrom(
    { last: minor === 0 },
    { last: minor === 0 },
    { value: "keep-alive", last: false },
    { value: "foo, Keep-Alive", last: false },
    { value: minor === 0 ? "foo" : "Close", last: true },
    { value: "close", last: true },
  );
}

/** A valid request with the parse that it must give. */
export function requestArbitrary(options: RequestOptions = {}): fc.Arbitrary<GeneratedRequest> {
  const { common = false, maxBody = 200 } = options;
  const minors = common ? [1, 1, 1, 0] : [1, 1, 1, 1, 0, 2, 9];
  return fc.constantFrom(...minors).chain((minor) =>
    fc.record({
      method: common
        ? fc.constantFrom(...METHODS)
        : fc.oneof(fc.constantFrom(...METHODS), token.filter((name) => name !== "CONNECT")),
      target,
      framing: framing(minor, maxBody),
      connection: connection(minor),
      host: fc.constantFrom(...HOSTS),
      names: fc.tuple(anyCase("host"), anyCase("connection")),
      padding: fc.tuple(space, space),
      others: fc.array(field(fieldName, fieldValue), { maxLength: 8 }),
      place: fc.nat(8),
      rotation: fc.nat(3),
    }).chain((parts) =>
      (parts.framing.field ? anyCase(parts.framing.field[0]) : fc.constant(""))
        .map((framingName) => build(minor, { ...parts, framingName }))
    )
  );
}

interface Parts {
  method: string;
  target: string;
  framing: Framing;
  framingName: string;
  connection: { value?: string; last: boolean };
  host: string;
  names: [string, string];
  padding: [string, string];
  others: Field[];
  place: number;
  rotation: number;
}

function build(minor: number, parts: Parts): GeneratedRequest {
  const [before, after] = parts.padding;
  const plain = { before: " ", after: "" };
  const special: Field[] = [{ name: parts.names[0], value: parts.host, before, after }];
  if (parts.connection.value !== undefined) {
    special.push({ name: parts.names[1], value: parts.connection.value, ...plain });
  }
  if (parts.framing.field) {
    special.push({ name: parts.framingName, value: parts.framing.field[1], ...plain });
  }
  const turn = parts.rotation % special.length;
  const lines = [...parts.others];
  lines.splice(parts.place, 0, ...special.slice(turn), ...special.slice(0, turn));
  const head = `${parts.method} ${parts.target} HTTP/1.${minor}\r\n${
    lines.map(fieldLine).join("")
  }`;
  return {
    text: `${head}\r\n${parts.framing.coded}`,
    message: {
      method: parts.method,
      target: parts.target,
      minor,
      body: parts.framing.body,
      last: parts.connection.last,
    },
    fields: lines.map(({ name, value }) => [name, value]),
  };
}

/** One to five valid requests on one connection, now and then with an empty line between them. */
export function pipelineArbitrary(options: RequestOptions = {}): fc.Arbitrary<GeneratedPipeline> {
  const request = fc.tuple(fc.constantFrom("", "", "", "\r\n"), requestArbitrary(options));
  return fc.array(request, { minLength: 1, maxLength: 5 }).map((pairs) => {
    const requests = pairs.map(([, request]) => request);
    const end = requests.findIndex(({ message }) => message.last);
    return {
      bytes: latin1Bytes(pairs.map(([empty, { text }]) => empty + text).join("")),
      messages: requests.slice(0, end === -1 ? undefined : end + 1).map(({ message }) => message),
      requests,
    };
  });
}

/** What an attacker, or a broken client, puts where it does not belong. */
const INSERTS = [
  ..."\0\t\n\r :;,/@#\x7f\x80\xff",
  ...["\r\n", "\r\n\r\n", "\n\n", "\r\n ", "0\r\n\r\n", "ffffffffffffffff", " HTTP/1.1"],
  ...["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Host: b\r\n"],
  ...["Connection: close\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "Expect: 100-continue\r\n"],
];
const LINE_ENDS = ["\n", "\r", "\r\r\n", "\n\r", "\r\n\r\n", "", " \r\n", "\r\n "];

/** A change to a latin1 string. Numbers are taken modulo what they select from. */
type Mutation =
  | { kind: "flip"; at: number; bit: number }
  | { kind: "delete" | "duplicate"; at: number; length: number }
  | { kind: "insert"; at: number; text: string }
  | { kind: "line end"; nth: number; text: string }
  | { kind: "truncate"; at: number }
  | { kind: "splice"; at: number; from: number };

const place = fc.nat(0xffff);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant("flip" as const), at: place, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant("delete" as const),
    at: place,
    length: fc.integer({ min: 1, max: 12 }),
  }),
  fc.record({
    kind: fc.constant("duplicate" as const),
    at: place,
    length: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: place,
    text: fc.constantFrom(...INSERTS),
  }),
  fc.record({
    kind: fc.constant("line end" as const),
    nth: place,
    text: fc.constantFrom(...LINE_ENDS),
  }),
  fc.record({ kind: fc.constant("truncate" as const), at: place }),
  fc.record({ kind: fc.constant("splice" as const), at: place, from: place }),
);

function mutate(text: string, other: string, change: Mutation): string {
  const at = "at" in change ? change.at % (text.length + 1) : 0;
  switch (change.kind) {
    case "flip": {
      const code = at < text.length ? text.charCodeAt(at) ^ (1 << change.bit) : 1 << change.bit;
      return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
    }
    case "delete":
      return text.slice(0, at) + text.slice(at + change.length);
    case "duplicate":
      return text.slice(0, at + change.length) + text.slice(at);
    case "insert":
      return text.slice(0, at) + change.text + text.slice(at);
    case "line end": {
      const lines = text.split("\r\n");
      if (lines.length === 1) return text;
      const nth = change.nth % (lines.length - 1);
      const [before, after] = [lines.slice(0, nth + 1), lines.slice(nth + 1)];
      return before.join("\r\n") + change.text + after.join("\r\n");
    }
    case "truncate":
      return text.slice(0, at);
    case "splice":
      return text.slice(0, at) + other.slice(change.from % (other.length + 1));
  }
}

/** A pipeline changed in one to four places, so that it is nearly, or still, valid. */
export function mutatedArbitrary(
  options: RequestOptions = {},
): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  return mutantsArbitrary(1, options).map(([mutant]) => mutant);
}

/** `count` such changes of one pipeline: to make a pipeline takes longer than to parse it. */
export function mutantsArbitrary(
  count: number,
  options: RequestOptions = {},
): fc.Arbitrary<Uint8Array<ArrayBuffer>[]> {
  const texts = fc.array(requestArbitrary(options), { minLength: 1, maxLength: 3 })
    .map((requests) => requests.map(({ text }) => text).join(""));
  const changes = fc.array(mutation, { minLength: 1, maxLength: 4 });
  return fc.tuple(texts, texts, fc.array(changes, { minLength: count, maxLength: count }))
    .map(([text, other, all]) =>
      all.map((changes) =>
        latin1Bytes(changes.reduce((now, change) => mutate(now, other, change), text))
      )
    );
}
