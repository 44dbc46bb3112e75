/** HTTP servers for tests of the load client: a good one that counts, and faulty ones. */
import { createServer } from "node:net";
import type { HtstressOptions } from "../../bench/http/htstress.ts";
import type { HttpErrors } from "../../bench/result.ts";
import { type Handler, startServer, type TestServer, writeAll } from "./echo_servers.ts";

/** A request as it came. */
export interface SeenRequest {
  method: string;
  target: string;
  version: string;
  fields: Map<string, string>;
  body: string;
}

/** What to answer; `null` closes the connection, as an answer followed by it does. */
export interface Answer {
  bytes: string;
  closes?: boolean;
}

/** A server that counts what it served. */
export interface CountingServer extends TestServer {
  /** Every request, in the order in which it was read. */
  seen: SeenRequest[];
  connections: number;
  url: string;
}

/** A response of `status` with Content-Length. */
export function response(body: string, status = 200, fields = ""): string {
  return `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;
}

/** Reads requests from `conn`, also pipelined ones, until the client ends it. */
export async function* readRequests(conn: Deno.Conn): AsyncGenerator<SeenRequest> {
  const buffer = new Uint8Array(65536);
  const decoder = new TextDecoder("latin1");
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) {
      const [line, ...lines] = text.slice(0, end).split("\r\n");
      const fields = new Map(lines.map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }));
      const next = end + 4 + Number(fields.get("content-length") ?? 0);
      if (text.length >= next) {
        const [method, target, version] = line.split(" ");
        yield { method, target, version, fields, body: text.slice(end + 4, next) };
        text = text.slice(next);
        continue;
      }
    }
    const count = await conn.read(buffer);
    if (count === null) return;
    text += decoder.decode(buffer.subarray(0, count));
  }
}

/**
 * A server that answers each request with `answer` (default: 200, "hi"), keeps connections open as
 * HTTP/1.1 and 1.0 say, and counts.
 */
export function startCounting(
  answer: (request: SeenRequest, index: number) => Answer | Promise<Answer> = () => ({
    bytes: response("hi"),
  }),
): CountingServer {
  const seen: SeenRequest[] = [];
  const counts = { connections: 0 };
  const server = startServer(async (conn) => {
    counts.connections++;
    for await (const request of readRequests(conn)) {
      const { bytes, closes } = await answer(request, seen.push(request) - 1);
      await writeAll(conn, new TextEncoder().encode(bytes));
      if (closes || request.version === "HTTP/1.0") return;
    }
  });
  return {
    ...server,
    seen,
    url: `http://127.0.0.1:${server.port}/`,
    get connections() {
      return counts.connections;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** A handler that reads a request, sends `bytes`, and closes the connection. */
export function sendAndClose(bytes: string): Handler {
  return async (conn) => {
    for await (const _ of readRequests(conn)) {
      await writeAll(conn, new TextEncoder().encode(bytes));
      return;
    }
  };
}

/** A server that resets a connection when a request came, after sending `bytes`. */
export async function startResetting(bytes = ""): Promise<TestServer> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      if (bytes === "") socket.resetAndDestroy();
      else socket.write(bytes, () => socket.resetAndDestroy());
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

/** The errors of a load that met none. */
export const NO_ERRORS: HttpErrors = {
  refused: 0,
  reset: 0,
  timeout: 0,
  truncated: 0,
  garbage: 0,
  closed: 0,
  tls: 0,
  protocol: 0,
};

/** A load of 100 requests to `urls`, changed by `changes`. */
export function load(urls: string | string[], changes: Partial<HtstressOptions> = {}) {
  const options: HtstressOptions = {
    urls: [urls].flat(),
    requests: 100,
    durationMs: 0,
    threads: 1,
    engine: "deno",
    concurrency: 4,
    isKeepAlive: false,
    pipeline: 1,
    ratePerSecond: 0,
    rampMs: 0,
    warmupMs: 0,
    timeoutMs: 10_000,
    method: "GET",
    headers: [],
    isInsecure: false,
  };
  return { ...options, ...changes };
}
