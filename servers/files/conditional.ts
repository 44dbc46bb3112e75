/**
 * Conditional requests, RFC 9110 §13. Pure.
 *
 * Precedence (§13.2.2): If-Match, else If-Unmodified-Since; then If-None-Match, else
 * If-Modified-Since; then If-Range. They are evaluated only when the answer would otherwise be 200.
 */
import { parseHttpDate } from "../http/http_date.ts";

/** The validators of the selected representation. If it has none, only `*` matches it. */
export interface Validators {
  /** Entity tag with its quotes and, when weak, its `W/`. */
  tag?: string;
  /** An earlier strong tag of the same bytes. */
  formerTag?: string;
  /** Last-Modified, whole seconds since 1970. */
  modified?: number;
}

/** Reads one request field; repeated fields already combined with ", ". */
export type FieldReader = (name: string) => string | undefined;

/**
 * `W/` is case-sensitive; etagc is any visible character but DQUOTE, so a tag may contain a comma.
 */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;
const TAG_LIST =
  /^[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"(?:[ \t]*,[ \t,]*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")*[ \t,]*$/;
const TAGS = /(?:W\/)?"[^"]*"/g;

/**
 * Judges the preconditions of a GET or HEAD.
 *
 * @returns 304 or 412 to answer at once, 200 to go on
 */
export function precondition(
  field: FieldReader,
  current: Validators,
  options: { nowMs: number },
): 200 | 304 | 412 {
  const { nowMs } = options;
  const { modified } = current;
  const ifMatch = field("if-match");
  if (ifMatch !== undefined) {
    if (!matchesAny(ifMatch, current, strongEqual)) return 412;
  } else {
    const since = dateOf(field("if-unmodified-since"), nowMs);
    if (since !== undefined && modified !== undefined && modified > since) return 412;
  }
  const ifNoneMatch = field("if-none-match");
  if (ifNoneMatch !== undefined) return matchesAny(ifNoneMatch, current, weakEqual) ? 304 : 200;
  const since = dateOf(field("if-modified-since"), nowMs);
  return since !== undefined && modified !== undefined && modified <= since ? 304 : 200;
}

/**
 * Judges If-Range (§13.1.5): whether Range may be honoured.
 *
 * A tag must match strongly. A date must be exactly Last-Modified, and that second must be over:
 * within it the file could have changed after the client got its first part (§8.8.2.2).
 */
export function rangeApplies(
  ifRange: string | undefined,
  current: Validators,
  options: { nowMs: number },
): boolean {
  if (ifRange === undefined) return true;
  if (ENTITY_TAG.test(ifRange)) return matchesAny(ifRange, current, strongEqual);
  const date = parseHttpDate(ifRange, options.nowMs);
  return date !== undefined && date === current.modified &&
    date < Math.floor(options.nowMs / 1000);
}

/** An invalid date makes its field count as absent. */
function dateOf(text: string | undefined, nowMs: number): number | undefined {
  return text === undefined ? undefined : parseHttpDate(text, nowMs);
}

/** `*` or a list of tags against the current ones; a malformed list matches nothing. */
function matchesAny(
  list: string,
  { tag, formerTag }: Validators,
  equal: (a: string, b: string) => boolean,
): boolean {
  if (list === "*") return true;
  if (tag === undefined) return false;
  if (list === tag) return equal(list, tag);
  if (!TAG_LIST.test(list)) return false;
  return (list.match(TAGS) ?? []).some((one) =>
    equal(one, tag) || formerTag !== undefined && equal(one, formerTag)
  );
}

function strongEqual(a: string, b: string): boolean {
  return a === b && !a.startsWith("W/");
}

function weakEqual(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

function opaque(tag: string): string {
  return tag.startsWith("W/") ? tag.slice(2) : tag;
}
