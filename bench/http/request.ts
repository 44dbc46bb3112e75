/**
 * The bytes of a load's requests, built once: at run time a request, or a batch of pipelined ones,
 * is a view of this memory.
 */

/** A field of a request. */
export type Header = readonly [name: string, value: string];

/** token = 1*tchar (RFC 9110 section 5.6.2): methods, and names of fields. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** A valid field value: no control characters but HTAB. */
// deno-lint-ignore no-control-regex
export const FIELD_VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/**
 * Reads a field line, `Name: value`.
 *
 * @throws {SyntaxError} when it is not one
 */
export function parseHeader(line: string): Header {
  const colon = line.indexOf(":");
  const name = line.slice(0, colon);
  const value = line.slice(colon + 1).trim();
  if (colon < 1 || !TOKEN.test(name) || !FIELD_VALUE.test(value)) {
    throw new SyntaxError(`Not a header: '${line}'; write it like 'Accept: text/html'`);
  }
  return [name, value];
}

/** A request without its target. */
export interface RequestForm {
  method: string;
  headers: readonly Header[];
  body?: Uint8Array;
}

/** One request. */
export interface HttpRequest extends RequestForm {
  /** Path and query. */
  target: string;
  /** The Host field, unless a header of that name is given. */
  host: string;
}

/** The requests of a load, one after the other. Plain data, for Workers. */
export interface RequestBytes {
  /** Requests in the order of the URLs, repeated so that any batch is contiguous. */
  bytes: Uint8Array;
  /** The offset of each, and the end of the last. */
  offsets: number[];
}

/** Methods whose requests carry a length even when they have no content (RFC 9110 section 8.6). */
const WITH_CONTENT = ["POST", "PUT", "PATCH"];

/** Most memory for requests, in bytes. */
const MAX_BYTES = 2 ** 30;

/**
 * The bytes of one request.
 *
 * @param isKeepAlive HTTP/1.1 with persistent connections; else HTTP/1.0 with one connection per
 * request
 */
export function requestBytes(request: HttpRequest, isKeepAlive: boolean): Uint8Array {
  const { target, host, method, headers, body } = request;
  const has = (name: string) => headers.some(([other]) => other.toLowerCase() === name);
  const lines = [`${method} ${target} HTTP/1.${isKeepAlive ? 1 : 0}`];
  if (!has("host")) lines.push(`Host: ${host}`);
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  const hasLength = has("content-length") || has("transfer-encoding");
  if ((body || WITH_CONTENT.includes(method)) && !hasLength) {
    lines.push(`Content-Length: ${body?.length ?? 0}`);
  }
  const head = new TextEncoder().encode(lines.join("\r\n") + "\r\n\r\n");
  const bytes = new Uint8Array(head.length + (body?.length ?? 0));
  bytes.set(head);
  if (body) bytes.set(body, head.length);
  return bytes;
}

/**
 * Lays out `requests` one after the other, so that any `pipeline` consecutive ones are contiguous.
 *
 * @throws {RangeError} when that takes more than 1 GiB
 */
export function layOutRequests(
  requests: readonly HttpRequest[],
  isKeepAlive: boolean,
  pipeline: number,
): RequestBytes {
  const single = requests.map((request) => requestBytes(request, isKeepAlive));
  const offsets = [0];
  for (let i = 0; single.length > 0 && i < single.length + pipeline - 1; i++) {
    offsets.push(offsets[i] + single[i % single.length].length);
  }
  const total = offsets.at(-1)!;
  if (total > MAX_BYTES) {
    const what = pipeline > 1 ? `${pipeline} pipelined requests` : "The requests";
    throw new RangeError(`${what} take ${total} bytes; at most 1 GiB fit`);
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(total));
  for (let i = 0; i + 1 < offsets.length; i++) bytes.set(single[i % single.length], offsets[i]);
  return { bytes, offsets };
}
