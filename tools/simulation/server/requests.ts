/** Requests of well-behaved clients, and a model of the answer that each must get. */
import { hold } from "../failure.ts";
import { BAD_REQUESTS } from "./bad_requests.ts";
import type { ClientWorld } from "./client.ts";
import { type Content, endsConnection, type Exchange, FILES } from "./plan.ts";
import type { Response } from "./response_parser.ts";

/** What is known of the connection when an answer is judged. */
export interface Asked {
  world: ClientWorld;
  /** When the request began to be sent, in µs. */
  sinceUs: number;
}

/** A request with its answer. */
export interface Request {
  head: Uint8Array;
  /** Sent after the head, or when 100 (Continue) has come. */
  body: Uint8Array;
  awaitsContinue: boolean;
  isHead: boolean;
  closes: boolean;
  /** @throws {Wrong} when `response` is not the answer */
  check(response: Response, asked: Asked): void;
}

const encoder = new TextEncoder();
const NONE = new Uint8Array(0);
const HELLO = encoder.encode("Hello World!\n");

/** Bytes that only client `id` sends. */
export function contentOf(id: number, length: number): Uint8Array {
  const token = encoder.encode(`${id.toString().padStart(7, "0")}|`);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; ++i) bytes[i] = token[i % token.length];
  return bytes;
}

/** Bytes of a file, different for each `seed`. */
export function fileBytes(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; ++i) {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** `bytes` in chunks. */
function chunked(bytes: Uint8Array, chunkBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const part = bytes.subarray(at, at + chunkBytes);
    parts.push(encoder.encode(part.length.toString(16) + "\r\n"), part, encoder.encode("\r\n"));
  }
  parts.push(encoder.encode("0\r\n\r\n"));
  return joined(parts);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The head of a request. */
function headOf(
  { isHttp10, hasConnection }: Exchange,
  { method, target = "/", fields = [] }: { method: string; target?: string; fields?: string[] },
): Uint8Array {
  const lines = [`${method} ${target} HTTP/1.${isHttp10 ? 0 : 1}`, "Host: simulated", ...fields];
  if (hasConnection) lines.push(`Connection: ${isHttp10 ? "keep-alive" : "close"}`);
  return encoder.encode(lines.join("\r\n") + "\r\n\r\n");
}

/** Checks the fields that every answer has. */
function checkHead({ fields }: Response): void {
  hold(fields.get("server") === "ktcp", () => `Server is ${fields.get("server")}`);
  const date = fields.get("date") ?? "";
  hold(
    /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(date),
    `Date is ${date}`,
  );
}

function isStatus({ status }: Response, ...wanted: number[]): void {
  hold(wanted.includes(status), `the status is ${status}, not ${wanted.join(" or ")}`);
}

function isBody({ body }: Response, wanted: Uint8Array): void {
  hold(body.length === wanted.length, `${body.length} bytes of content came, not ${wanted.length}`);
  hold(areEqual(body, wanted), "the content differs");
}

function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; ++i) if (a[i] !== b[i]) return false;
  return true;
}

/** The request of `exchange`, sent by client `id` to a server of `content`. */
export function requestOf(exchange: Exchange, id: number, content: Content): Request {
  const request = content === "files"
    ? fileRequest(exchange, id)
    : plainRequest(exchange, id, content);
  const { check } = request;
  return {
    ...request,
    closes: endsConnection(exchange),
    check(response, asked) {
      checkHead(response);
      const { status } = response;
      const isFailure = status === 500 || status === 503;
      if (isFailure && asked.world.mayHaveFailed(asked.sinceUs)) return;
      check(response, asked);
    },
  };
}

function plainRequest(exchange: Exchange, id: number, content: Content): Request {
  const { kind, size } = exchange;
  const echoes = content === "content";
  const simple = { body: NONE, awaitsContinue: false, isHead: false, closes: false };
  const sent = contentOf(id, size);
  const answered = (bytes: Uint8Array) => (response: Response) => {
    isStatus(response, echoes ? 200 : 405);
    if (echoes) isBody(response, bytes);
    else hold(response.fields.get("allow") === "GET, HEAD", "405 without Allow");
  };
  switch (kind) {
    case "get":
      return {
        ...simple,
        head: headOf(exchange, { method: "GET", target: `/${size}` }),
        check(response) {
          isStatus(response, 200);
          isBody(response, echoes ? NONE : HELLO);
        },
      };
    case "head":
      return {
        ...simple,
        isHead: true,
        head: headOf(exchange, { method: "HEAD" }),
        check(response) {
          isStatus(response, 200);
          const length = response.fields.get("content-length");
          hold(length === `${echoes ? 0 : HELLO.length}`, `HEAD says ${length} bytes`);
        },
      };
    case "post":
      return {
        ...simple,
        head: headOf(exchange, { method: "POST", fields: [`Content-Length: ${size}`] }),
        body: sent,
        check: answered(sent),
      };
    case "chunked":
      return {
        ...simple,
        head: headOf(exchange, { method: "PUT", fields: ["Transfer-Encoding: chunked"] }),
        body: chunked(sent, 1 + id * 7 % 900),
        check: answered(sent),
      };
    case "expect": {
      const fields = [`Content-Length: ${size}`, "Expect: 100-continue"];
      const head = headOf(exchange, { method: "POST", fields });
      return { ...simple, head, body: sent, awaitsContinue: size > 0, check: answered(sent) };
    }
    case "too large":
      return {
        ...simple,
        head: headOf(exchange, { method: "POST", fields: ["Content-Length: 99999999"] }),
        check: (response) => isStatus(response, 413),
      };
    case "options":
      return {
        ...simple,
        head: headOf(exchange, { method: "OPTIONS", target: "*" }),
        check(response) {
          isStatus(response, 204);
          hold(response.fields.has("allow"), "OPTIONS * without Allow");
        },
      };
    case "unknown":
      return {
        ...simple,
        head: headOf(exchange, { method: "BREW" }),
        check: (response) => isStatus(response, 501),
      };
    case "expectation":
      return {
        ...simple,
        head: headOf(exchange, { method: "GET", fields: ["Expect: miracles"] }),
        check: (response) => isStatus(response, 417),
      };
    default:
      return bad(exchange);
  }
}

function bad({ size }: Exchange): Request {
  const [text, status] = BAD_REQUESTS[size];
  return {
    head: latin1(text),
    body: NONE,
    awaitsContinue: false,
    isHead: false,
    closes: true,
    check: (response) => isStatus(response, status),
  };
}

/** The contents that may be sent for `name`: what it holds, or held a short time ago. */
function currentVersions(name: string, { world, sinceUs }: Asked): (Uint8Array | undefined)[] {
  const oldestUs = sinceUs - world.staleUs;
  return world.disk.versions(name).filter(({ untilUs }) => untilUs >= oldestUs)
    .map(({ bytes }) => bytes);
}

function fileRequest(exchange: Exchange, id: number): Request {
  const { kind, size } = exchange;
  const [name] = FILES[size] ?? FILES[0];
  const target = `/${name}`;
  const simple = { body: NONE, awaitsContinue: false, isHead: false, closes: false };
  /** Judges an answer by what the file holds or held just now; 404 is right while it is away. */
  const byVersions = (
    statuses: readonly number[],
    isOf: (bytes: Uint8Array, response: Response) => boolean,
    fault: (response: Response) => string,
  ): Request["check"] =>
  (response, asked) => {
    const versions = currentVersions(name, asked);
    if (response.status === 404) return hold(versions.includes(undefined), "404 for a file");
    isStatus(response, ...statuses);
    hold(versions.some((bytes) => bytes && isOf(bytes, response)), fault(response));
  };
  const isContent = byVersions(
    [200],
    (bytes, { body }) => areEqual(bytes, body),
    () => `the content of ${name} is none that it holds or held just now`,
  );
  switch (kind) {
    case "get":
      return { ...simple, head: headOf(exchange, { method: "GET", target }), check: isContent };
    case "head": {
      const lengthOf = ({ fields }: Response) => fields.get("content-length");
      return {
        ...simple,
        isHead: true,
        head: headOf(exchange, { method: "HEAD", target }),
        check: byVersions(
          [200],
          (bytes, response) => `${bytes.length}` === lengthOf(response),
          (response) => `HEAD says that ${name} has ${lengthOf(response)} bytes`,
        ),
      };
    }
    case "range": {
      const first = id * 13 % 400;
      const last = first + id * 29 % 3000;
      return {
        ...simple,
        head: headOf(exchange, {
          method: "GET",
          target,
          fields: [`Range: bytes=${first}-${last}`],
        }),
        check: byVersions(
          [200, 206, 416],
          (bytes, { status, body }) =>
            status === 416
              ? bytes.length <= first
              : areEqual(status === 200 ? bytes : bytes.subarray(first, last + 1), body),
          ({ status }) => `the answer ${status} for bytes ${first} to ${last} of ${name} is wrong`,
        ),
      };
    }
    case "conditional":
      return {
        ...simple,
        head: headOf(exchange, { method: "GET", target, fields: ['If-None-Match: "none"'] }),
        check: isContent,
      };
    case "missing":
      return {
        ...simple,
        head: headOf(exchange, { method: "GET", target: `/no-such-file-${id % 5}` }),
        check: (response) => isStatus(response, 404),
      };
    case "post":
      return {
        ...simple,
        head: headOf(exchange, { method: "POST", target, fields: ["Content-Length: 5"] }),
        body: contentOf(id, 5),
        check: (response) => isStatus(response, 405),
      };
    default:
      return bad(exchange);
  }
}
