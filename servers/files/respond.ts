/** The answers that the planner gives, as plans. Pure. */
import { reasonPhrase } from "../http/head.ts";
import type { HttpRequest } from "../http/resource.ts";
import { ERROR_PAGE_FIELDS, writeErrorPage } from "./error_page.ts";
import { wishForPage } from "./negotiate.ts";
import type { StaticOptions } from "./options.ts";
import type { Plan, PlannedContent } from "./plan.ts";
import { resolve } from "./resolve.ts";

/** Value of Allow for every target. */
export const ALLOW = "GET, HEAD, OPTIONS";

const encoder = new TextEncoder();

/** Request fields allowed in preflights, besides the safelisted ones. */
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

/** The parts of a plan that differ between answers. */
interface Chosen<Content> {
  status: number;
  fields: [string, string][];
  content?: Uint8Array | Content;
  freshUntilMs?: number;
  /** Path below the root of the file that is sent; default: the target's path. */
  path?: string;
}

/** Completes a plan: security, CORS and the user's fields, the length, no content for HEAD. */
export function plan<Content extends PlannedContent = never>(
  request: HttpRequest,
  { status, fields, content, freshUntilMs = 0, path }: Chosen<Content>,
  options: StaticOptions,
): Plan<Content> {
  const all = [...fields, ...SECURITY_FIELDS];
  const user = headersFor(path, request, options);
  if (options.securityHeaders !== undefined) addStrictFields(all, user, options.securityHeaders);
  if (options.cors !== undefined) {
    all.push(["Access-Control-Allow-Origin", options.cors]);
    all.push(["Access-Control-Expose-Headers", CORS_RESPONSE_FIELDS]);
  }
  return {
    kind: "plan",
    status,
    fields: withUserFields(all, user),
    content: request.method === "HEAD" ? undefined : content,
    // The length of a listing is known only at its end.
    length: content !== undefined && "length" in content ? content.length : undefined,
    freshUntilMs,
  };
}

/** What `--security-headers` adds. */
const STRICT_FIELDS: [string, string][] = [
  ["Cross-Origin-Opener-Policy", "same-origin"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  ["Permissions-Policy", "camera=(), geolocation=(), microphone=()"],
  [
    "Content-Security-Policy",
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; " +
    "object-src 'none'",
  ],
];

/** A year, as browsers ask for (RFC 6797). Browsers ignore it without TLS. */
const STRICT_TRANSPORT: [string, string] = ["Strict-Transport-Security", "max-age=31536000"];

/** Adds the strict fields to `fields`, except those already present or given by `user`. */
function addStrictFields(
  fields: [string, string][],
  user: StaticOptions["headers"],
  scheme: "http" | "https",
): void {
  const names = new Set([...fields, ...user].map(([name]) => name.toLowerCase()));
  const strict = scheme === "https" ? [...STRICT_FIELDS, STRICT_TRANSPORT] : STRICT_FIELDS;
  fields.push(...strict.filter(([name]) => !names.has(name.toLowerCase())));
}

/**
 * The user's fields for a path: of fields with the same name, the last one whose pattern matches
 * wins.
 */
function headersFor(
  path: string | undefined,
  request: HttpRequest,
  { headers }: StaticOptions,
): StaticOptions["headers"] {
  if (headers.every(([, , pattern]) => pattern === undefined)) return headers;
  const named = path ?? pathOf(request.target);
  const matching = headers.filter(([, , pattern]) => pattern === undefined || pattern.test(named));
  return matching.filter(([name, , pattern]) => {
    const last = matching.findLast(([other]) => other.toLowerCase() === name.toLowerCase())!;
    return last[2]?.source === pattern?.source;
  });
}

function pathOf(target: string): string {
  const resolved = resolve(target, { dotfiles: true });
  return resolved.kind === "path" ? resolved.segments.join("/") : "";
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

/**
 * An error answer with the status, its reason phrase and the detail: a short plain text, or an HTML
 * page for clients that prefer pages.
 *
 * @param status an error
 */
export function failure(
  request: HttpRequest,
  status: number,
  options: { settings: StaticOptions; detail?: string; fields?: [string, string][] },
): Plan<never> {
  const { settings, detail, fields = [] } = options;
  const title = `${status} ${reasonPhrase(status)}`;
  const isPage = wishForPage(request.field("accept")) === "prefers";
  return plan<never>(request, {
    status,
    fields: [...isPage ? ERROR_PAGE_FIELDS : TEXT_FIELDS, ...varyingByAccept(fields)],
    content: encoder.encode(
      isPage ? writeErrorPage(status, title, detail) : line(title, detail),
    ),
  }, settings);
}

const TEXT_FIELDS: [string, string][] = [["Content-Type", "text/plain; charset=utf-8"]];

function line(title: string, detail: string | undefined): string {
  return `${title}${detail ? `: ${detail}` : ""}\n`;
}

/** `fields` with Accept in Vary. */
function varyingByAccept(fields: [string, string][]): [string, string][] {
  const others = fields.filter(([name]) => name !== "Vary");
  const vary = fields.filter(([name]) => name === "Vary").map(([, value]) => value);
  return [...others, ["Vary", ["Accept", ...vary].join(", ")]];
}

/** 405 with Allow. */
export function methodNotAllowed(request: HttpRequest, options: StaticOptions): Plan<never> {
  return failure(request, 405, { settings: options, fields: [["Allow", ALLOW]] });
}

/** 204 for OPTIONS, including CORS preflights. */
export function allowed(request: HttpRequest, options: StaticOptions): Plan<never> {
  const fields: [string, string][] = [["Allow", ALLOW]];
  if (options.cors !== undefined && request.field("access-control-request-method") !== undefined) {
    fields.push(["Access-Control-Allow-Methods", ALLOW]);
    fields.push(["Access-Control-Allow-Headers", CORS_REQUEST_FIELDS]);
    fields.push(["Access-Control-Max-Age", "86400"]);
  }
  return plan(request, { status: 204, fields }, options);
}

/** A redirect by a rule of the user's. */
export function redirectByRule(
  request: HttpRequest,
  { location, status }: { location: string; status: number },
  options: StaticOptions,
): Plan<never> {
  return plan<never>(request, redirection(status, location), options);
}

/**
 * 301 to a place on this server.
 *
 * @param location a reference relative to the target, so that it is also right behind a proxy that
 * strips a prefix from the path (RFC 9110 section 10.2.2)
 */
export function redirect(
  request: HttpRequest,
  location: string,
  options: StaticOptions,
): Plan<never> {
  const { fields, ...rest } = redirection(301, location);
  // A cached 301 would outlive the directory.
  return plan<never>(
    request,
    { ...rest, fields: [...fields, ["Cache-Control", "no-cache"]] },
    options,
  );
}

function redirection(status: number, location: string): Chosen<never> {
  return {
    status,
    fields: [...TEXT_FIELDS, ["Location", location]],
    content: encoder.encode(line(`${status} ${reasonPhrase(status)}`, location)),
  };
}
