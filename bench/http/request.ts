/**
 * The bytes of a load's requests, built once: at run time a request, or a batch of pipelined ones,
 * is a view of this memory.
 */

/** What is the same in all requests of a load. */
export interface RequestForm {
  method: string;
  /** HTTP/1.1 with persistent connections; else HTTP/1.0, one connection a request. */
  isKeepAlive: boolean;
  headers: readonly (readonly [name: string, value: string])[];
  body?: Uint8Array;
}

/** Where one URL's request goes. */
export interface RequestTarget {
  /** Path and query. */
  target: string;
  /** The Host field, unless a header of that name is given. */
  host: string;
}

/** The requests of a load, one after the other. Plain data, for Workers. */
export interface RequestBytes {
  /** Requests in the order of the URLs, repeated so that any batch is contiguous. */
  bytes: Uint8Array;
  /** Where each begins, and the end of the last. */
  offsets: number[];
}

/** Methods whose requests carry a length even when they have no content (RFC 9110 section 8.6). */
const WITH_CONTENT = ["POST", "PUT", "PATCH"];

/** Memory for requests beyond which batches are refused. */
const MAX_BYTES = 2 ** 30;

/** The bytes of one request. */
export function requestBytes({ target, host }: RequestTarget, form: RequestForm): Uint8Array {
  const { method, isKeepAlive, headers, body } = form;
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
 * Lays out the requests to `targets` in turn, so that `pipeline` of them from any one on are
 * one piece.
 *
 * @throws {RangeError} when that takes more than 1 GiB
 */
export function layOutRequests(
  targets: readonly RequestTarget[],
  form: RequestForm,
  pipeline: number,
): RequestBytes {
  const single = targets.map((target) => requestBytes(target, form));
  const offsets = [0];
  for (let i = 0; i < targets.length + pipeline - 1; i++) {
    offsets.push(offsets[i] + single[i % single.length].length);
  }
  const total = offsets.at(-1)!;
  if (total > MAX_BYTES) {
    throw new RangeError(`${pipeline} pipelined requests take ${total} bytes; at most 1 GiB fit`);
  }
  const bytes = new Uint8Array(new SharedArrayBuffer(total));
  for (let i = 0; i + 1 < offsets.length; i++) bytes.set(single[i % single.length], offsets[i]);
  return { bytes, offsets };
}
