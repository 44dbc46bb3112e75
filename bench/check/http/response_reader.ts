/**
 * A strict reader of HTTP/1.x responses. It takes bytes in pieces, returns the responses that are
 * complete, and throws a {@link ResponseFault} on anything that RFC 9112 does not allow a server to
 * send. It is simple rather than fast: whenever missing bytes have arrived, it reads the response
 * again from its first byte.
 */
import { latin1Text } from "../latin1.ts";

/** How the end of a response's content was found (RFC 9112, 6.3). */
export type ContentFraming = "none" | "length" | "chunked" | "close";

export interface HttpResponse {
  /** Of the version, HTTP/1.`minor`. */
  minor: number;
  status: number;
  reason: string;
  /** Field lines in order, names in lower case. */
  fields: [name: string, value: string][];
  /** The content, latin1, chunked coding removed. */
  body: string;
  framing: ContentFraming;
  /** The trailer fields of a chunked response. */
  trailers: [name: string, value: string][];
}

/** A server sent something that RFC 9112 does not allow. */
export class ResponseFault extends Error {
  override name = "ResponseFault";
}

/**
 * The likely cause (see `causes.ts`) of what a {@link ResponseFault} says.
 *
 * @param hasHead whether a HEAD was among the requests
 */
export function causeOfFault(fault: string, hasHead = false): string {
  if (fault.startsWith("No status line")) return hasHead ? "head-content" : "wrong-length";
  return fault.startsWith("The stream ended within") ? "wrong-length" : "malformed-response";
}

/** The values of a field joined as one list (RFC 9110, 5.3), or undefined when it is absent. */
export function fieldOf(response: HttpResponse, name: string): string | undefined {
  const found = response.fields.filter(([key]) => key === name.toLowerCase());
  return found.length === 0 ? undefined : found.map(([, value]) => value).join(", ");
}

/** 1xx responses other than 101 precede the final one. */
export function isInterim(response: HttpResponse): boolean {
  return response.status < 200;
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LINE =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:.*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/s;
const TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

type Taken<T> = { value: T; end: number } | undefined;

export class ResponseReader {
  /** Received bytes that do not belong to a complete response yet. */
  #buffer = "";
  /** Bytes received after those in the buffer, kept apart until reading can continue. */
  #later: string[] = [];
  #laterLength = 0;
  /** The least length of the buffer with which reading can continue. */
  #wanted = 0;
  #methods: string[];
  #ended = false;

  /**
   * @param methods the methods of the requests in order: a response to HEAD has no content. Further
   * responses count as answers to GET
   */
  constructor(methods: readonly string[] = []) {
    this.#methods = [...methods];
  }

  /** Announces one more request. */
  expect(method: string): void {
    this.#methods.push(method);
  }

  /** Received bytes that do not form a complete response. */
  get pending(): string {
    return this.#buffer + this.#later.join("");
  }

  /**
   * Adds received bytes.
   *
   * @returns the responses that they complete, interim ones included
   * @throws {ResponseFault} on a malformed response
   */
  push(bytes: Uint8Array): HttpResponse[] {
    if (this.#ended) throw new ResponseFault("Bytes after the end of the stream");
    this.#later.push(latin1Text(bytes));
    this.#laterLength += bytes.length;
    if (this.#buffer.length + this.#laterLength < this.#wanted) return [];
    return this.#drain();
  }

  /**
   * Notes the end of the stream.
   *
   * @returns the response that the end completes, if any
   * @throws {ResponseFault} when it cuts a response short
   */
  end(): HttpResponse[] {
    this.#ended = true;
    const found = this.#drain();
    if (this.#buffer !== "") {
      throw new ResponseFault(`The stream ended within a response: ${quote(this.#buffer)}`);
    }
    return found;
  }

  #drain(): HttpResponse[] {
    this.#buffer += this.#later.join("");
    this.#later = [];
    this.#laterLength = 0;
    const found: HttpResponse[] = [];
    for (;;) {
      this.#wanted = 0;
      const taken = takeResponse(this.#buffer, {
        method: this.#methods[0] ?? "GET",
        ended: this.#ended,
        want: (length) => this.#wanted = length,
      });
      if (taken === undefined) return found;
      this.#buffer = this.#buffer.slice(taken.end);
      if (!isInterim(taken.value)) this.#methods.shift();
      found.push(taken.value);
    }
  }
}

interface Context {
  /** The request's method. */
  method: string;
  /** No more bytes will come. */
  ended: boolean;
  /** Called when nothing can be read until the text has this length. */
  want(length: number): void;
}

function takeResponse(text: string, context: Context): Taken<HttpResponse> {
  if (text === "") return undefined;
  if (!/^HTTP\/1\.[01] /.test(text.slice(0, 9) + "HTTP/1.1 ".slice(text.length))) {
    throw new ResponseFault(`No status line: ${quote(text)}`);
  }
  const line = takeLine(text, 0);
  if (line === undefined) return undefined;
  const match = STATUS_LINE.exec(line.value);
  if (match === null) throw new ResponseFault(`No status line: ${quote(line.value)}`);
  const head = takeFields(text, line.end);
  if (head === undefined) return undefined;
  const response: HttpResponse = {
    minor: Number(match[1]),
    status: Number(match[2]),
    reason: match[3],
    fields: head.value,
    body: "",
    framing: "none",
    trailers: [],
  };
  return takeContent(text, head.end, response, context);
}

/** Determines the length of the content in the order of RFC 9112, 6.3. */
function takeContent(
  text: string,
  at: number,
  response: HttpResponse,
  context: Context,
): Taken<HttpResponse> {
  const { status } = response;
  const length = fieldOf(response, "content-length");
  const coding = fieldOf(response, "transfer-encoding");
  if (length !== undefined && !/^\d{1,15}$/.test(length)) {
    throw new ResponseFault(`Content-Length ${quote(length)} is no single number`);
  }
  if (length !== undefined && coding !== undefined) {
    throw new ResponseFault("Content-Length together with Transfer-Encoding");
  }
  if (coding !== undefined && coding.toLowerCase() !== "chunked") {
    throw new ResponseFault(`Transfer-Encoding ${quote(coding)}`);
  }
  if (status === 101) throw new ResponseFault("101, though no upgrade was agreed on");
  const bare = status < 200 || status === 204;
  if (bare && (length ?? coding) !== undefined) {
    throw new ResponseFault(`${status} with Content-Length or Transfer-Encoding`);
  }
  if (bare || status === 304 || context.method === "HEAD") return { value: response, end: at };
  if (coding !== undefined) {
    const taken = takeChunks(text, at, context);
    if (taken === undefined) return undefined;
    const { body, trailers } = taken.value;
    return { value: { ...response, framing: "chunked", body, trailers }, end: taken.end };
  }
  if (length !== undefined) {
    const end = at + Number(length);
    if (text.length < end) return void context.want(end);
    return { value: { ...response, framing: "length", body: text.slice(at, end) }, end };
  }
  if (!context.ended) return void context.want(Infinity);
  return { value: { ...response, framing: "close", body: text.slice(at) }, end: text.length };
}

/** A line without its CRLF. @throws {ResponseFault} on a bare CR or LF, or another control byte */
function takeLine(text: string, at: number): Taken<string> {
  const lf = text.indexOf("\n", at);
  if (lf === -1) return undefined;
  if (lf === at || text[lf - 1] !== "\r") {
    throw new ResponseFault(`A line ended by a bare LF: ${quote(text.slice(at, lf))}`);
  }
  const value = text.slice(at, lf - 1);
  if (!TEXT.test(value)) throw new ResponseFault(`A control byte: ${quote(value)}`);
  return { value, end: lf + 1 };
}

/** Field lines up to and including the empty line. */
function takeFields(text: string, at: number): Taken<[string, string][]> {
  const fields: [string, string][] = [];
  for (;;) {
    const line = takeLine(text, at);
    if (line === undefined) return undefined;
    at = line.end;
    if (line.value === "") return { value: fields, end: at };
    const match = FIELD_LINE.exec(line.value);
    if (match === null) throw new ResponseFault(`No field line: ${quote(line.value)}`);
    fields.push([match[1].toLowerCase(), match[2]]);
  }
}

function takeChunks(
  text: string,
  at: number,
  context: Context,
): Taken<{ body: string; trailers: [string, string][] }> {
  let body = "";
  for (;;) {
    const line = takeLine(text, at);
    if (line === undefined) return undefined;
    if (!/^[0-9A-Fa-f]{1,12}$/.test(line.value)) {
      throw new ResponseFault(`No chunk size: ${quote(line.value)}`);
    }
    const size = parseInt(line.value, 16);
    if (size === 0) {
      const trailers = takeFields(text, line.end);
      return trailers && { value: { body, trailers: trailers.value }, end: trailers.end };
    }
    const end = line.end + size;
    if (text.length < end + 2) return void context.want(end + 2);
    if (text.slice(end, end + 2) !== "\r\n") {
      throw new ResponseFault(`No CRLF after a chunk of ${size} bytes`);
    }
    body += text.slice(line.end, end);
    at = end + 2;
  }
}

/** A text for an error message: JSON, at most 60 characters of it. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? text.slice(0, 60) + "…" : text);
}
