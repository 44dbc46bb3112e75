/**
 * Resolves a request target to the path of a file below the root. Pure.
 *
 *     request-target = origin-form / absolute-form          RFC 9112 §3.2
 *     origin-form    = absolute-path [ "?" query ]
 *     pchar          = unreserved / pct-encoded / sub-delims / ":" / "@"    RFC 3986 §3.3
 *
 * The path is decoded exactly once and judged after decoding, so that no spelling of a byte gets
 * around a rule. Anything that a file system could read differently from a URL (NUL, an encoded
 * slash, a backslash, dot segments) is refused instead of being repaired.
 */

/** A target that names something below the root. */
export interface Resolved {
  kind: "path";
  /** Decoded names from the root down; empty for the root itself. */
  segments: string[];
  /** The target ended in a slash: it asks for a directory. */
  directory: boolean;
  /** What follows the first `?`, undecoded; undefined without `?`. */
  query: string | undefined;
}

/** A target that is refused without looking at the disk. */
export interface Refused {
  kind: "refused";
  status: 400 | 404;
  reason: string;
}

/** Holds a site's metadata, such as ACME challenges (RFC 8615), and is not treated as a dotfile. */
const WELL_KNOWN = ".well-known";

const ABSOLUTE_FORM = /^([a-z][a-z0-9+.-]*):\/\/[^/?#]*/i;
const BAD_ESCAPE = /%(?![0-9a-f]{2})/i;
const HAS_NON_ASCII = /[\x80-\xff]/;

/** Fatal: overlong forms, surrogates and truncated sequences throw. A BOM is part of a name. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Resolves a raw request target, one character per byte (latin1).
 *
 * @returns the decoded segments, or why the target is refused: 400 for targets that no correct
 * client sends, 404 for a dotfile unless `options.dotfiles` (the same answer as for a missing
 * file); `/.well-known/` is not one
 */
export function resolve(target: string, options: { dotfiles: boolean }): Resolved | Refused {
  const absolute = ABSOLUTE_FORM.exec(target);
  if (absolute && !/^https?$/i.test(absolute[1])) {
    return refused(400, "The target's scheme is not http or https");
  }
  const local = absolute ? target.slice(absolute[0].length) : target;
  const mark = local.indexOf("?");
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? undefined : local.slice(mark + 1);
  if (path === "" && absolute) return { kind: "path", segments: [], directory: true, query };
  if (!path.startsWith("/")) return refused(400, "The target is not a path");

  const segments: string[] = [];
  for (const raw of path.split("/")) {
    if (raw === "") continue; // `//` is one slash, as it is to the kernel
    const name = decodeSegment(raw);
    if (name === undefined) return refused(400, "The target holds a bad escape");
    if (/[\0/\\]/.test(name)) return refused(400, "The target holds a byte that no name can have");
    if (name === "." || name === "..") return refused(400, "The target holds a dot segment");
    const isHidden = name.startsWith(".") && !(segments.length === 0 && name === WELL_KNOWN);
    if (isHidden && !options.dotfiles) return refused(404, "Not found");
    segments.push(name);
  }
  return { kind: "path", segments, directory: path.endsWith("/"), query };
}

/** Percent-decodes one segment to a name; undefined when the escapes or the UTF-8 are bad. */
function decodeSegment(raw: string): string | undefined {
  if (!raw.includes("%") && !HAS_NON_ASCII.test(raw)) return raw;
  if (BAD_ESCAPE.test(raw)) return undefined;
  const bytes = raw.replace(/%(..)/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  try {
    return UTF8.decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

function refused(status: 400 | 404, reason: string): Refused {
  return { kind: "refused", status, reason };
}

/** The URL path of decoded segments, always with one leading slash (never `//host`). */
export function urlPath(segments: readonly string[], directory: boolean): string {
  const path = "/" + segments.map(encodeSegment).join("/");
  return directory && segments.length > 0 ? path + "/" : path;
}

/** One name as a path segment: everything but RFC 3986's unreserved characters escaped. */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (char) => "%" + char.charCodeAt(0).toString(16).toUpperCase(),
  );
}
