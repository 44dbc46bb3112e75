/** Turns a found file into its answer: coding, preconditions, ranges. Pure. */
import { frameRanges, type Multipart } from "./multipart.ts";
import { precondition, rangeApplies } from "./conditional.ts";
import { formatHttpDate } from "../http/http_date.ts";
import type { HttpRequest } from "../http/resource.ts";
import { compressible, contentType } from "./mime.ts";
import { acceptedCodings, type Coding } from "./negotiate.ts";
import { cacheControlOf, type StaticOptions } from "./options.ts";
import type { FileState, FoundFile, Plan, PlannedFile, Representation } from "./plan.ts";
import { contentRange, parseRange } from "./range.ts";
import { failure, plan } from "./respond.ts";

/** Below this size a compressed copy saves nothing: head and content fit one packet either way. */
const MIN_COMPRESS_BYTES = 256;

/** What Accept-Encoding leaves: a representation, a copy to be made first, or nothing. */
export type Choice =
  | { kind: "ready"; representation: Representation }
  | { kind: "compress"; coding: Coding; representation: Representation }
  | { kind: "not-acceptable" };

/**
 * Chooses the coding in the client's order of preference, among siblings and, if enabled, copies
 * made on the fly.
 *
 * @param context.byAccept the file was chosen by Accept
 */
export function choose(
  request: HttpRequest,
  found: FoundFile,
  { options, byAccept = false }: { options: StaticOptions; byAccept?: boolean },
): Choice {
  const { file, siblings } = found;
  const type = contentType(file.path, file);
  const onTheFly = canCompress(file, type, options);
  const isCoded = onTheFly || Object.keys(siblings).length > 0;
  const vary = [...byAccept ? ["Accept"] : [], ...isCoded ? ["Accept-Encoding"] : []].join(", ");
  // A kept answer goes to every request with the same Accept-Encoding, whatever its Accept.
  const freshUntilMs = byAccept ? 0 : found.freshUntilMs;
  for (const coding of acceptedCodings(request.field("accept-encoding"))) {
    const sibling = coding === "identity" ? file : siblings[coding];
    const { path } = file;
    const representation = { file: sibling ?? file, path, type, coding, vary, freshUntilMs };
    if (sibling) return { kind: "ready", representation };
    if (onTheFly && coding !== "identity") return { kind: "compress", coding, representation };
  }
  return { kind: "not-acceptable" };
}

function canCompress(file: FileState, type: string, options: StaticOptions): boolean {
  return options.compress && file.bytes !== undefined &&
    file.bytes.length >= MIN_COMPRESS_BYTES && compressible(type);
}

/** 406: there is no representation in a coding that the client accepts. */
export function notAcceptable(request: HttpRequest, options: StaticOptions): Plan {
  return failure(request, 406, {
    settings: options,
    detail: "No available content coding is acceptable",
    fields: [["Vary", "Accept-Encoding"]],
  });
}

/** Answers with a representation: 200, 206, 304, 412 or 416. */
export function represent(
  request: HttpRequest,
  chosen: Representation,
  context: { options: StaticOptions; nowMs: number },
): Plan {
  const { file, path, type, coding } = chosen;
  const { options, nowMs } = context;
  const vary: [string, string][] = chosen.vary === "" ? [] : [["Vary", chosen.vary]];
  const { tag, formerTag } = file;
  const validators = { tag, formerTag, modified: lastModified(file, nowMs) };

  const verdict = precondition((name) => request.field(name), validators, { nowMs });
  if (verdict === 412) return failure(request, 412, { settings: options, fields: vary });
  const caching: [string, string][] = [["ETag", file.tag], ...vary];
  const cacheControl = cacheControlOf(path, options);
  if (cacheControl !== "") caching.push(["Cache-Control", cacheControl]);
  if (verdict === 304) return plan(request, { status: 304, fields: caching, path }, options);

  const fields: [string, string][] = [
    ["Content-Type", type],
    ...caching,
    ["Last-Modified", formatHttpDate(validators.modified)],
    ["Accept-Ranges", "bytes"],
  ];
  if (coding !== "identity") fields.push(["Content-Encoding", coding]);

  const size = sizeOf(file);
  // Range is defined for GET only (RFC 9110 §14.2).
  const asked = request.method === "GET" ? request.field("range") : undefined;
  const applies = asked !== undefined &&
    rangeApplies(request.field("if-range"), validators, { nowMs });
  const range = parseRange(applies ? asked : undefined, size);
  if (range.kind === "unsatisfiable") {
    return failure(request, 416, {
      settings: options,
      fields: [["Content-Range", `bytes */${size}`], ...vary],
    });
  }
  if (range.kind === "whole") {
    const content = slice(file, 0, size);
    const freshUntilMs = file.bytes ? chosen.freshUntilMs : 0;
    return plan(request, { status: 200, fields, content, freshUntilMs, path }, options);
  }
  if (range.ranges.length === 1) {
    const [{ first, last }] = range.ranges;
    fields.push(["Content-Range", contentRange(range.ranges[0], size)]);
    const content = slice(file, first, last + 1);
    return plan(request, { status: 206, fields, content, path }, options);
  }
  const framed = frameRanges(range.ranges, { size, type, tag: file.tag });
  fields[0] = ["Content-Type", framed.contentType];
  return plan(request, { status: 206, fields, content: multipart(file, framed), path }, options);
}

/** The root's 404 page: its content and type, without validators, as the answer is an error. */
export function errorPage(
  request: HttpRequest,
  file: FileState,
  options: StaticOptions,
): Plan {
  const fields: [string, string][] = [["Content-Type", contentType(file.path, file)]];
  return plan(request, { status: 404, fields, content: slice(file, 0, sizeOf(file)) }, options);
}

/** Last-Modified in whole seconds; never later than Date (RFC 9110 §8.8.2.1). */
function lastModified(file: FileState, nowMs: number): number {
  return Math.floor(Math.min(file.facts.mtimeMs, nowMs) / 1000);
}

/** Bytes to be sent. The bytes in memory may be fewer than the facts say, never more. */
function sizeOf(file: FileState): number {
  return file.bytes ? file.bytes.length : file.facts.size;
}

function slice(file: FileState, start: number, end: number): Uint8Array | PlannedFile {
  if (file.bytes) return file.bytes.subarray(start, end);
  const { path, facts } = file;
  return { kind: "file", path, facts, offset: start, length: end - start };
}

function multipart(
  { path, facts, bytes }: FileState,
  { pieces, length }: Multipart,
): Uint8Array | PlannedFile {
  if (!bytes) return { kind: "multipart", path, facts, parts: pieces, length };
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    const part = piece.kind === "range"
      ? bytes.subarray(piece.offset, piece.offset + piece.length)
      : piece.bytes;
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
