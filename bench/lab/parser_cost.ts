/** Measures the core's request parser, without sockets. */
import { Core, Event } from "../../core/mod.ts";

/** Fields as a browser sends them; a cookie pads the request to its length. */
const BROWSER_FIELDS = [
  "Host: www.example.test",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Accept-Language: en-GB,en;q=0.7,zh-TW;q=0.3",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Referer: http://www.example.test/docs/",
  "Connection: keep-alive",
  "Upgrade-Insecure-Requests: 1",
  "Sec-Fetch-Dest: document",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-Site: same-origin",
  "Priority: u=0, i",
];

/** Length of a browser's request, commonly used in benchmarks of parsers. */
export const BROWSER_BYTES = 703;

/** Requests parsed between two readings of the clock. */
const BATCH = 500;

/** A browser's request of {@linkcode BROWSER_BYTES} bytes. */
export function browserRequest(): Uint8Array<ArrayBuffer> {
  const start = `GET /docs/labs/index.html HTTP/1.1\r\n${
    BROWSER_FIELDS.join("\r\n")
  }\r\nCookie: s=`;
  const end = "\r\n\r\n";
  return bytesOf(start.padEnd(BROWSER_BYTES - end.length, "0123456789abcdef") + end);
}

/** The shortest request that HTTP/1.1 allows. */
export function shortRequest(): Uint8Array<ArrayBuffer> {
  return bytesOf("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

/**
 * Parses `request` repeatedly for `durationMs`, in batches.
 *
 * @returns nanoseconds per request in the fastest batch, the one that was disturbed least
 * @throws {Error} when it is not parsed as one whole request
 */
export function measureParser(request: Uint8Array<ArrayBuffer>, durationMs: number): number {
  const core = Core.create({ blocks: 2 });
  const conn = core.open();
  let view = core.inputView(conn);
  let fastestMs = Infinity;
  const endMs = performance.now() + durationMs;
  for (let nowMs = performance.now(); nowMs < endMs;) {
    for (let i = 0; i < BATCH; i++) {
      view = core.inputView(conn, view);
      view.set(request);
      core.received(conn, request.length);
      if (core.next(conn) !== Event.Head || core.next(conn) !== Event.NeedMore) {
        throw new Error(`The parser does not take the ${request.length} bytes as one request`);
      }
    }
    const batchMs = performance.now() - nowMs;
    fastestMs = Math.min(fastestMs, batchMs);
    nowMs += batchMs;
  }
  return fastestMs * 1e6 / BATCH;
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
