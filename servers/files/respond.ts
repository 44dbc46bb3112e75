/** The answers that the planner gives, as plans. Pure. */
import { reasonPhrase } from "../http/head.ts";
import type { HttpRequest } from "../http/resource.ts";
import type { StaticOptions } from "./options.ts";
import type { Plan, PlannedContent } from "./plan.ts";

/** Allow of every target. */
export const ALLOW = "GET, HEAD, OPTIONS";

const encoder = new TextEncoder();

/** What preflights may ask for beyond the safelisted request fields. */
const CORS_REQUEST_FIELDS =
  "Authorization, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range";
const CORS_RESPONSE_FIELDS = "Accept-Ranges, Content-Encoding, Content-Length, Content-Range, ETag";

/**
 * Sent with everything: browsers must not guess types, other sites must not frame pages, and only the
 * origin (not the path) is told to other sites.
 */
const SECURITY_FIELDS: [string, string][] = [
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "SAMEORIGIN"],
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
];

/** What the maker of a plan chooses. */
interface Chosen<Content> {
  status: number;
  fields: [string, string][];
  content?: Uint8Array | Content;
  freshUntilMs?: number;
}

/** Completes a plan: security, CORS and the user's fields, the length, no content for HEAD. */
export function plan<Content extends PlannedContent = never>(
  request: HttpRequest,
  { status, fields, content, freshUntilMs = 0 }: Chosen<Content>,
  options: StaticOptions,
): Plan<Content> {
  const all = [...fields, ...SECURITY_FIELDS];
  if (options.cors !== undefined) {
    all.push(["Access-Control-Allow-Origin", options.cors]);
    all.push(["Access-Control-Expose-Headers", CORS_RESPONSE_FIELDS]);
  }
  return {
    kind: "plan",
    status,
    fields: withUserFields(all, options.headers),
    content: request.method === "HEAD" ? undefined : content,
    // Of a listing it is known only at its end.
    length: content !== undefined && "length" in content ? content.length : undefined,
    freshUntilMs,
  };
}

/**
 * The user's fields replace ours of the same name. Vary, a list, is joined instead; and the content
 * security policy of a page of our own stays, as it names the hashes of that page.
 */
function withUserFields(
  fields: [string, string][],
  user: StaticOptions["headers"],
): [string, string][] {
  if (user.length === 0) return fields;
  const names = new Set(user.map(([name]) => name.toLowerCase()));
  names.delete("vary");
  names.delete("content-security-policy");
  const kept = fields.filter(([name]) => !names.has(name.toLowerCase()));
  const ours = (wanted: string) => kept.find(([name]) => name.toLowerCase() === wanted);
  const policy = ours("content-security-policy");
  const vary = ours("vary");
  for (const [name, value] of user) {
    if (vary && name.toLowerCase() === "vary") vary[1] += `, ${value}`;
    else if (!policy || name.toLowerCase() !== "content-security-policy") kept.push([name, value]);
  }
  return kept;
}

/** A short plain text with the status, its reason and what is wrong. */
export function failure(
  request: HttpRequest,
  status: number,
  options: { settings: StaticOptions; detail?: string; fields?: [string, string][] },
): Plan<never> {
  const { settings, detail, fields = [] } = options;
  const text = `${status} ${reasonPhrase(status)}${detail ? `: ${detail}` : ""}\n`;
  return plan<never>(request, {
    status,
    fields: [["Content-Type", "text/plain; charset=utf-8"], ...fields],
    content: encoder.encode(text),
  }, settings);
}

/** 405 with Allow. */
export function methodNotAllowed(request: HttpRequest, options: StaticOptions): Plan<never> {
  return failure(request, 405, { settings: options, fields: [["Allow", ALLOW]] });
}

/** 204 to OPTIONS, a CORS preflight included. */
export function allowed(request: HttpRequest, options: StaticOptions): Plan<never> {
  const fields: [string, string][] = [["Allow", ALLOW]];
  if (options.cors !== undefined && request.field("access-control-request-method") !== undefined) {
    fields.push(["Access-Control-Allow-Methods", ALLOW]);
    fields.push(["Access-Control-Allow-Headers", CORS_REQUEST_FIELDS]);
    fields.push(["Access-Control-Max-Age", "86400"]);
  }
  return plan(request, { status: 204, fields }, options);
}

/** 301 to a path on this server; a relative reference, so that it holds behind any proxy. */
export function redirect(
  request: HttpRequest,
  location: string,
  options: StaticOptions,
): Plan<never> {
  return failure(request, 301, {
    settings: options,
    detail: location,
    // A cached 301 would outlive the directory.
    fields: [["Location", location], ["Cache-Control", "no-cache"]],
  });
}
