/**
 * The request parser (RFC 9112): a pull parser over the bytes received on one connection.
 *
 * The technique: one pass that looks at 16 bytes per step (`scan.ts`) and parses each line while it
 * searches for the line's end.
 *
 * - A search does not check for the end of the input. It may run into the slack after it; only its
 *   result is compared with the end, once, so there is no loop for the last few bytes.
 * - Known methods and names are recognised by comparing whole words (`names.ts`), and the fields
 *   that frame a message are checked as they are read (`framing.ts`).
 * - Results are offsets into the input, packed into one store per field: nothing is copied or
 *   allocated, and no string is built until the host asks for it.
 * - The loop handles the common case. For incomplete and for malformed input it calls
 *   `completeLine`, which tells them apart (see `line.ts` for why that is linear and independent of
 *   the pieces). The kind of fault is determined there, where time does not matter.
 */
import { isDigit, isOws, isTchar } from "./chars";
import { content } from "./content";
import { judgeField, judgeHead } from "./framing";
import { completeLine, CRLF, fail } from "./line";
import { knownField, knownMethod, methodLength } from "./names";
import { skipFieldValue, skipTarget, skipToken } from "./scan";
import { failWith, pendingOrFailed } from "./state";
import { NO_FORM, targetForm } from "./target";
import { Code, Conn, Event, Field, Flag, Method, Place, State } from "../shared/abi";

/** Empty lines before a request line that are ignored (RFC 9112 section 2.2 asks for one). */
const MAX_EMPTY_LINES: u32 = 8;

/**
 * Finds the next event in the bytes received on `conn`, and leaves it for `next` to report.
 *
 * @returns an `Event`
 */
export function peek(conn: usize): u32 {
  const event = next(conn);
  store<u32>(conn, event, Conn.Peeked);
  return event;
}

/**
 * Finds the next event in the bytes received on `conn`.
 *
 * @returns an `Event`
 */
export function next(conn: usize): u32 {
  const peeked = load<u32>(conn, Conn.Peeked);
  if (peeked != Event.NeedMore) {
    store<u32>(conn, Event.NeedMore, Conn.Peeked);
    return peeked;
  }
  switch (load<u32>(conn, Conn.State)) {
    case State.Start:
      return start(conn);
    case State.FirstLine:
      return requestLine(conn);
    case State.Fields:
      return fields(conn, load<u32>(conn, Conn.Pos));
    default:
      return content(conn);
  }
}

function start(conn: usize): u32 {
  const end: usize = load<u32>(conn, Conn.End);
  let p: usize = load<u32>(conn, Conn.Pos);
  if (p == end) return Event.NeedMore;
  store<u32>(conn, Method.Unknown, Conn.Method); // not that of the request before
  if (load<u8>(p) < 0x20) { // CR, or a byte that starts no request
    p = skipEmptyLines(conn, p, end);
    if (p == 0) return pendingOrFailed(conn);
  }
  store<u32>(conn, <u32>p, Conn.Head);
  store<u32>(conn, <u32>p, Conn.Pos);
  store<u32>(conn, <u32>p, Conn.Scanned);
  store<u32>(conn, 0, Conn.EmptyLines);
  store<u32>(conn, State.FirstLine, Conn.State);
  return requestLine(conn);
}

/**
 * RFC 9112 section 2.2: empty lines before a request line are ignored.
 *
 * @returns the first byte after them; 0 when it was not received yet or they are malformed
 */
function skipEmptyLines(conn: usize, p: usize, end: usize): usize {
  store<u32>(conn, Code.None, Conn.Code);
  let lines = load<u32>(conn, Conn.EmptyLines);
  while (p < end && load<u8>(p) < 0x20) {
    const c = load<u8>(p);
    if (c == 0x0a) return fail(conn, Code.BareLineFeed);
    if (c != 0x0d) return fail(conn, Code.ControlByte);
    if (p + 1 == end) break;
    if (load<u8>(p + 1) != 0x0a) return fail(conn, Code.BareCarriageReturn);
    if (++lines > MAX_EMPTY_LINES) return fail(conn, Code.EmptyLines);
    p += 2;
  }
  store<u32>(conn, <u32>p, Conn.Pos);
  store<u32>(conn, lines, Conn.EmptyLines);
  return p == end || load<u8>(p) == 0x0d ? 0 : p;
}

/** request-line = method SP request-target SP HTTP-version CRLF  (RFC 9112 section 3) */
function requestLine(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const end: usize = load<u32>(conn, Conn.End);
  const longest = p + load<u32>(Place.MaxRequestLine);
  // A line that was incomplete before is parsed only once it is complete.
  if (<usize>load<u32>(conn, Conn.Scanned) != p) {
    noteMethod(conn, p, end);
    if (completeLine(conn, true, longest, Code.RequestLineTooLong) == 0) return pendingOrFailed(conn);
  }
  const line = takeRequestLine(conn, p, end, longest);
  if (line == 0) {
    noteMethod(conn, p, end);
    const code = load<u32>(conn, Conn.Code);
    // A byte that cannot start a method is refused at once, without waiting for the end of the
    // line.
    if (!isTchar(load<u8>(p))) return failWith(conn, Code.BadMethod);
    if (completeLine(conn, true, longest, Code.RequestLineTooLong) == 0) return pendingOrFailed(conn);
    return failWith(conn, code);
  }
  store<u32>(conn, <u32>line, Conn.Pos);
  store<u32>(conn, <u32>line, Conn.Scanned);
  store<u32>(conn, <u32>(line - p), Conn.FieldsOffset);
  store<u32>(conn, 0, Conn.FieldCount);
  store<u64>(conn, 0, Conn.Present); // and Repeated beside it
  store<u32>(conn, 0, Conn.Codings);
  store<u32>(conn, State.Fields, Conn.State);
  return fields(conn, line);
}

/**
 * Notes a known method as soon as it and its SP were received. A refusal needs it when the rest is
 * late or malformed: the answer to a HEAD has no content.
 */
function noteMethod(conn: usize, p: usize, end: usize): void {
  const method = knownMethod(p);
  if (method != Method.Unknown && p + methodLength(method) < end) store<u32>(conn, method, Conn.Method);
}

/**
 * Parses the request line at `p` as if it were complete.
 *
 * @returns the address after its CRLF; 0 when it is incomplete, or malformed for the reason in
 * `Conn.Code`
 */
@inline
function takeRequestLine(conn: usize, p: usize, end: usize, longest: usize): usize {
  const method = knownMethod(p);
  let target: usize;
  if (method != Method.Unknown) {
    target = p + methodLength(method) + 1;
    store<u32>(conn, <u32>(target - 1 - p), Conn.MethodLength);
  } else {
    const stop = skipToken(p, end);
    store<u32>(conn, <u32>(stop - p), Conn.MethodLength);
    if (stop == p || load<u8>(stop) != 0x20) return fail(conn, Code.BadMethod);
    target = stop + 1;
  }
  const space = skipTarget(target, end);
  if (space == target || load<u8>(space) != 0x20) {
    return fail(conn, space + 1 < end && load<u16>(space) == CRLF ? Code.BadRequestLine : Code.BadTarget);
  }
  const version = space + 1;
  const cr = version + 8;
  if (cr + 1 >= end || cr > longest) return fail(conn, Code.BadVersion);
  // HTTP-version = "HTTP/" DIGIT "." DIGIT                      (RFC 9112 section 2.3)
  const minor = <u32>load<u8>(version + 7) - 0x30;
  if (
    (load<u64>(version) & 0x00ffffffffffffff) != 0x2e312f50545448 || // HTTP/1.
    minor > 9 || load<u16>(cr) != CRLF
  ) {
    return fail(conn, isOtherVersion(version) ? Code.UnsupportedVersion : Code.BadVersion);
  }
  let form: u32 = 0;
  if (load<u8>(target) != 0x2f || method == Method.Connect) {
    form = targetForm(method, target, space);
    if (form == NO_FORM) return fail(conn, Code.BadTarget);
  }
  store<u32>(conn, method, Conn.Method);
  store<u32>(conn, form, Conn.Flags);
  store<u32>(conn, minor, Conn.Minor);
  store<u32>(conn, <u32>(target - p), Conn.TargetOffset);
  store<u32>(conn, <u32>(space - target), Conn.TargetLength);
  return cr + 2;
}

/**
 * Whether there are a well-formed version and CRLF at `p`, so that the version is merely not
 * supported.
 */
function isOtherVersion(p: usize): bool {
  return load<u32>(p) == 0x50545448 && load<u8>(p + 4) == 0x2f && isDigit(load<u8>(p + 5)) && // HTTP/
    load<u8>(p + 6) == 0x2e && isDigit(load<u8>(p + 7)) && load<u16>(p + 8) == CRLF;
}

/**
 * field-line = field-name ":" OWS field-value OWS               (RFC 9112 section 5)
 *
 * Reads field lines from `p` up to the empty line that ends the head. The loop contains only what
 * every valid line needs; `notFieldLine` handles everything else.
 */
function fields(conn: usize, p: usize): u32 {
  const end: usize = load<u32>(conn, Conn.End);
  const head: usize = load<u32>(conn, Conn.Head);
  const first = head + load<u32>(conn, Conn.FieldsOffset);
  const longest = first + load<u32>(Place.MaxHeaderSize) - 2;
  const most = load<u32>(Place.MaxHeaders);
  let count = load<u32>(conn, Conn.FieldCount);
  // A line that was incomplete before is parsed only once it is complete.
  if (<usize>load<u32>(conn, Conn.Scanned) != p) {
    if (completeLine(conn, false, longest, Code.HeaderTooLarge) == 0) return pendingOrFailed(conn);
  }
  for (;;) {
    if (load<u16>(p) == CRLF) break;
    const colon = skipToken(p, end);
    if (colon == p || load<u8>(colon) != 0x3a || count == most) break;
    let value = colon + 1;
    if (load<u8>(value) == 0x20) ++value;
    if (load<u8>(value) <= 0x20) {
      while (value < end && isOws(load<u8>(value))) ++value;
    }
    const cr = skipFieldValue(value, end);
    if (cr + 1 >= end || cr > longest || load<u16>(cr) != CRLF) break;
    let stop = cr;
    if (load<u8>(stop - 1) <= 0x20) {
      while (stop > value && isOws(load<u8>(stop - 1))) --stop;
    }
    store<u64>(
      conn + Conn.Fields + count * 8,
      <u64>(p - head) | (<u64>(colon - p) << 16) | (<u64>(value - head) << 32) | (<u64>(stop - value) << 48),
    );
    ++count;
    const field = knownField(p, <u32>(colon - p));
    if (field != Field.Count) {
      const code = known(conn, field, head, value, stop);
      if (code != Code.None) return failWith(conn, code);
    }
    p = cr + 2;
  }
  store<u32>(conn, count, Conn.FieldCount);
  if (p + 1 < end && p <= longest && load<u16>(p) == CRLF) return endHead(conn, p + 2);
  if (<usize>load<u32>(conn, Conn.Pos) != p) {
    store<u32>(conn, <u32>p, Conn.Pos);
    store<u32>(conn, <u32>p, Conn.Scanned);
  }
  return notFieldLine(conn, p, longest);
}

/**
 * Handles a line at `p` that is neither a field line nor the end of the head: it is incomplete or
 * malformed.
 */
function notFieldLine(conn: usize, p: usize, longest: usize): u32 {
  const end: usize = load<u32>(conn, Conn.End);
  const count = load<u32>(conn, Conn.FieldCount);
  store<u32>(conn, Code.None, Conn.Code);
  if (p >= end) return Event.NeedMore;
  const c = load<u8>(p);
  if (c == 0x0d) {
    if (p + 1 == end) return Event.NeedMore;
    return failWith(conn, p > longest ? Code.HeaderTooLarge : Code.BareCarriageReturn);
  }
  // Judged by the first byte: obs-fold (section 5.2), or white space that hides a field (2.2).
  if (isOws(c)) return failWith(conn, count == 0 ? Code.WhiteSpaceBeforeFields : Code.LineFolding);
  if (count == load<u32>(Place.MaxHeaders)) return failWith(conn, Code.TooManyFields);
  const cr = completeLine(conn, false, longest, Code.HeaderTooLarge);
  if (cr == 0) return pendingOrFailed(conn);
  return failWith(conn, nameFault(p, skipToken(p, cr), cr));
}

/** Notes a known field and checks its value. */
function known(conn: usize, field: u32, head: usize, value: usize, stop: usize): u32 {
  if (field <= <u32>Field.Expect) {
    const code = judgeField(conn, field, value, stop);
    if (code != Code.None) return code;
  }
  const bit = <u32>1 << field;
  const present = load<u32>(conn, Conn.Present);
  if (present & bit) {
    store<u32>(conn, load<u32>(conn, Conn.Repeated) | bit, Conn.Repeated);
  } else {
    store<u32>(conn, present | bit, Conn.Present);
    store<u64>(conn + Conn.Known + field * 8, <u64>(value - head) | (<u64>(stop - value) << 32));
  }
  return Code.None;
}

/** Why the line `p` ... `end` does not start with a field name and a colon. */
function nameFault(p: usize, stop: usize, end: usize): u32 {
  if (stop < end && stop > p && isOws(load<u8>(stop))) {
    // RFC 9112 section 5.1: no white space between name and colon.
    while (stop < end && isOws(load<u8>(stop))) ++stop;
    if (stop < end && load<u8>(stop) == 0x3a) return Code.WhiteSpaceBeforeColon;
  }
  for (let q = p; q < end; ++q) if (load<u8>(q) == 0x3a) return Code.BadFieldName;
  return Code.NoColon;
}

function endHead(conn: usize, p: usize): u32 {
  const code = judgeHead(conn);
  if (code != Code.None) return failWith(conn, code);
  store<u32>(conn, <u32>p, Conn.HeadEnd);
  store<u32>(conn, <u32>p, Conn.Pos);
  store<u32>(conn, <u32>p, Conn.Scanned);
  const flags = load<u32>(conn, Conn.Flags);
  store<u32>(conn, flags & Flag.HasBody ? (flags & Flag.Chunked ? State.ChunkSize : State.Length) : State.Start, Conn.State);
  return Event.Head;
}

/**
 * Makes room for more input: moves what is still needed to the front of the input area. Between and
 * in heads that is everything from `Conn.Head` or `Conn.Pos` on; during the content it is the head,
 * which is needed for the answer, and the bytes from `Conn.Pos` on.
 *
 * @returns how many bytes can be received at `Conn.End`
 */
export function makeRoom(conn: usize): u32 {
  const base: usize = load<u32>(conn, Conn.Base);
  const end: usize = load<u32>(conn, Conn.End);
  const limit: usize = load<u32>(conn, Conn.Limit);
  const state = load<u32>(conn, Conn.State);
  const inHead = state == State.FirstLine || state == State.Fields;
  const inContent = state >= <u32>State.Length && state <= <u32>State.Complete;
  const from: usize = inHead ? load<u32>(conn, Conn.Head) : load<u32>(conn, Conn.Pos);
  // Moving a few bytes is cheap; many are moved only when room runs short.
  if (end - from > 4096 && limit - end > 8192) return <u32>(limit - end);
  let to = base;
  if (inContent) {
    const head: usize = load<u32>(conn, Conn.Head);
    const length = load<u32>(conn, Conn.HeadEnd) - <u32>head;
    if (head != base) memory.copy(base, head, length);
    to = base + length;
    store<u32>(conn, <u32>to, Conn.HeadEnd);
  }
  if (inHead || inContent) store<u32>(conn, <u32>base, Conn.Head);
  const shift = <u32>(from - to);
  if (shift != 0) {
    memory.copy(to, from, end - from);
    store<u32>(conn, load<u32>(conn, Conn.Pos) - shift, Conn.Pos);
    store<u32>(conn, <u32>end - shift, Conn.End);
    store<u32>(conn, load<u32>(conn, Conn.Scanned) - shift, Conn.Scanned);
  }
  return <u32>limit - load<u32>(conn, Conn.End);
}
