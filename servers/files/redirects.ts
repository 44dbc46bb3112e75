/** Redirects that the user asks for: `--redirect FROM=TO[:STATUS]`. Pure. */
import { globPattern } from "./glob.ts";
import { OptionError } from "./option_error.ts";
import { encodeSegment } from "./resolve.ts";

/** Statuses that redirect to one location (RFC 9110 section 15.4). */
const STATUSES = [301, 302, 303, 307, 308];

/** A redirect rule. */
export interface Redirect {
  /** Matches the paths below the root that are redirected; its groups replace the stars of `to`. */
  pattern: RegExp;
  /** A path of this server, or a URL. */
  to: string;
  /** 301, 302, 303, 307 or 308. */
  status: number;
}

/**
 * Parses `FROM=TO[:STATUS]`: FROM is a path or glob, TO a path or URL, and the status defaults to
 * 302.
 *
 * @throws OptionError which says what to write
 */
export function parseRedirect(text: string): Redirect {
  const wrong = (why: string) => new OptionError("redirect", `'${text}': ${why}`);
  const equals = text.indexOf("=");
  if (equals < 1) throw wrong("write FROM=TO, such as /old=/new or '/blog/**=/news/**:301'");
  const from = text.slice(0, equals);
  if (!from.startsWith("/")) throw wrong("FROM is a path, and begins with /");
  const [, to, digits] = /^(.*?)(?::(\d{3}))?$/s.exec(text.slice(equals + 1))!;
  const status = Number(digits ?? 302);
  if (!STATUSES.includes(status)) throw wrong(`${status} is none of ${STATUSES.join(", ")}`);
  const isPath = to.startsWith("/") && !to.startsWith("//");
  if (!/^[\x21-\x7e]+$/.test(to) || !isPath && !(/^https?:\/\/[^/]/.test(to) && URL.canParse(to))) {
    throw wrong("TO is a path that begins with one /, or an http or https URL");
  }
  const stars = (glob: string) => glob.match(/\*+/g)?.length ?? 0;
  if (stars(to) > stars(from)) {
    throw wrong("TO has more stars than FROM, which give them their text");
  }
  if (from === to) throw wrong("it leads to itself");
  return { pattern: globPattern(from), to, status };
}

/**
 * Where the path of `segments` is redirected to, by the last rule that matches it; `undefined`:
 * nowhere.
 *
 * @param query what follows the `?` of the target; it is appended unless the rule has a query of
 * its own
 */
export function redirectOf(
  { segments, query }: { segments: readonly string[]; query: string | undefined },
  redirects: readonly Redirect[],
): { location: string; status: number } | undefined {
  if (redirects.length === 0) return undefined;
  const path = segments.join("/");
  for (let i = redirects.length - 1; i >= 0; --i) {
    const { pattern, to, status } = redirects[i];
    const match = pattern.exec(path);
    if (match === null) continue;
    let group = 0;
    const filled = to.replace(/\*\*\/|\*\*|\*/g, () => encodePath(match[++group]));
    // Text that a client chose must not turn a path into a reference to another host (`//host`).
    const location = to.startsWith("/") ? filled.replace(/^\/+/, "/") : filled;
    const hasQuery = query === undefined || location.includes("?");
    return { location: hasQuery ? location : `${location}?${query}`, status };
  }
  return undefined;
}

function encodePath(path: string): string {
  return path.split("/").map(encodeSegment).join("/");
}
