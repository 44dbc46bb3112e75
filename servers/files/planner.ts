/**
 * The planner turns a request and what the disk holds into a {@linkcode Plan}. It is pure: it
 * returns its questions as values, and its driver (`site.ts`) brings the answers.
 *
 *     planRequest(request)                  resolves the target     ──> plan | lookup
 *     planFound(request, lookup, found)     chooses, represents     ──> plan | lookup | compression
 *     planCopy(request, compression, copy)  represents the copy     ──> plan
 *
 * Credentials were checked before (`challenge`). The method is checked first, then the target. What
 * each lookup leads to:
 *
 *     target      file ──> answer            directory/ ──> index     directory ──> clean, redirect
 *                 missing ──> clean, fallback
 *     index       file ──> answer            none ──> listing, fallback
 *     clean       file ──> answer            none ──> redirect (a directory), fallback
 *     fallback    spa (a page is wanted) ──> answer with 200; else error-page ──> 404
 */
import type { HttpRequest } from "../http/resource.ts";
import type { Compressed } from "./compress.ts";
import { precondition } from "./conditional.ts";
import { LISTING_FIELDS } from "./listing.ts";
import { listingFormat, listingSort } from "./listing_order.ts";
import { hasKnownType } from "./mime.ts";
import { wishForPage } from "./negotiate.ts";
import type { StaticOptions } from "./options.ts";
import type { Compression, FoundFile, Lookup, LookupResult, LookupRole, Plan } from "./plan.ts";
import { choose, errorPage, notAcceptable, represent } from "./represent.ts";
import { redirectOf } from "./redirects.ts";
import { encodeSegment, resolve, type Resolved } from "./resolve.ts";
import { allowed, failure, methodNotAllowed, plan, redirect, redirectByRule } from "./respond.ts";

/** The page at the root that replaces the plain 404. */
const ERROR_PAGE = "404.html";

/** Decides what needs no disk; otherwise asks for the target's path. */
export function planRequest(request: HttpRequest, options: StaticOptions): Plan | Lookup {
  if (request.method === "OPTIONS") return allowed(request, options);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return methodNotAllowed(request, options);
  }
  const target = resolve(request.target, options);
  if (target.kind === "path") {
    const moved = redirectOf(target, options.redirects);
    if (moved !== undefined) return redirectByRule(request, moved, options);
    return lookup("target", [target.segments.join("/")], target);
  }
  if (target.status === 404) {
    const root: Resolved = { kind: "path", segments: [], directory: true, query: undefined };
    return lookup("error-page", [ERROR_PAGE], root);
  }
  return failure(request, target.status, { settings: options, detail: target.reason });
}

/** Continues with the result of a lookup. */
export function planFound(
  request: HttpRequest,
  asked: Lookup,
  found: LookupResult,
  context: { options: StaticOptions; nowMs: number },
): Plan | Lookup | Compression {
  const { options } = context;
  const { target } = asked;
  if (asked.role === "error-page") {
    return found.kind === "file"
      ? errorPage(request, found.file, options)
      : failure(request, 404, { settings: options });
  }
  if (found.kind === "forbidden") return failure(request, 403, { settings: options });
  const isFile = found.kind === "file";
  // `/file.txt/` asks for a directory, so the file does not match it.
  if (isFile && !(asked.role === "target" && target.directory)) {
    return answer(request, found, { ...context, byAccept: asked.role === "spa" });
  }
  const path = target.segments.join("/");
  switch (asked.role) {
    case "target": {
      if (found.kind === "directory" && target.directory) {
        const within = path === "" ? "" : path + "/";
        return lookup("index", options.index.map((name) => within + name), target);
      }
      const isDirectory = found.kind === "directory";
      if (options.cleanUrls && !target.directory) {
        return { ...lookup("clean", [path + ".html"], target), isDirectory };
      }
      return isDirectory
        ? toDirectory(request, target, options)
        : fallback(request, target, options);
    }
    case "index":
      return options.listing
        ? listing(request, target, context)
        : fallback(request, target, options);
    case "clean":
      return asked.isDirectory
        ? toDirectory(request, target, options)
        : fallback(request, target, options);
    case "spa":
      return lookup("error-page", [ERROR_PAGE], target);
  }
}

/**
 * Continues with a compressed copy.
 *
 * @param copy undefined when it was not ready in time: then the file is sent uncompressed, unless
 * the client refuses `identity` too
 */
export function planCopy(
  request: HttpRequest,
  asked: Compression,
  copy: Compressed | undefined,
  context: { options: StaticOptions; nowMs: number },
): Plan {
  const { options } = context;
  if (!copy) {
    const choice = choose(request, asked.found, { options: { ...options, compress: false } });
    if (choice.kind !== "ready") return failure(request, 503, { settings: options });
    const { vary } = asked.representation;
    // Not kept: the copy may be ready for the next request.
    const representation = { ...choice.representation, vary, freshUntilMs: 0 };
    return represent(request, representation, context);
  }
  const { representation } = asked;
  const file = { ...representation.file, bytes: copy.bytes, tag: copy.tag };
  return represent(request, { ...representation, file }, context);
}

function answer(
  request: HttpRequest,
  found: FoundFile,
  context: { options: StaticOptions; nowMs: number; byAccept: boolean },
): Plan | Compression {
  const choice = choose(request, found, context);
  switch (choice.kind) {
    case "ready":
      return represent(request, choice.representation, context);
    case "compress":
      return { ...choice, kind: "compression", found };
    case "not-acceptable":
      return notAcceptable(request, context.options);
  }
}

/**
 * What to try where there is no file. The root's index answers people who open a URL of the
 * application, whatever it looks like. A missing part of a page stays 404, or the browser would
 * take the index for a script or a picture.
 */
function fallback(request: HttpRequest, target: Resolved, options: StaticOptions): Lookup {
  if (options.spa) {
    const wish = wishForPage(request.field("accept"));
    const isPart = hasKnownType(target.segments.at(-1) ?? "");
    if (wish === "prefers" || wish === "takes" && !isPart) {
      return lookup("spa", [...options.index], target);
    }
  }
  return lookup("error-page", [ERROR_PAGE], target);
}

/**
 * Redirects to the last name with a slash after it: without an authority it cannot lead to another
 * host.
 */
function toDirectory(request: HttpRequest, target: Resolved, options: StaticOptions): Plan {
  const query = target.query === undefined ? "" : `?${target.query}`;
  return redirect(request, `${encodeSegment(target.segments.at(-1)!)}/${query}`, options);
}

function listing(
  request: HttpRequest,
  target: Resolved,
  { options, nowMs }: { options: StaticOptions; nowMs: number },
): Plan {
  const varying: [string, string][] = [["Vary", "Accept"], ["Cache-Control", "no-cache"]];
  // A listing is made anew each time, and has no validators.
  const verdict = precondition((name) => request.field(name), {}, { nowMs });
  if (verdict === 412) return failure(request, 412, { settings: options });
  if (verdict === 304) return plan(request, { status: 304, fields: varying }, options);
  const parameters = new URLSearchParams(target.query ?? "");
  const format = listingFormat(request.field("accept"), parameters);
  return plan(request, {
    status: 200,
    fields: [...LISTING_FIELDS[format], ...varying],
    content: {
      kind: "listing",
      path: target.segments.join("/"),
      segments: target.segments,
      format,
      sort: listingSort(parameters),
    },
  }, options);
}

function lookup(role: LookupRole, paths: string[], target: Resolved): Lookup {
  return { kind: "lookup", role, paths, target, isDirectory: false };
}
