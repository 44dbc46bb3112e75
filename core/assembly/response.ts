/**
 * The response parser for load clients (RFC 9112): a pull parser like that of `request.ts`, over
 * the same blocks and with the same way of finding lines (see `line.ts`).
 *
 * A client needs little of a head: the status, how the content is framed, and whether the
 * connection stays open. So fields are judged as they pass and not kept. A socket is read into the
 * same place again and again; an incomplete line is moved to just before that place:
 *
 *   Base                              Conn.Head                          Limit
 *   +---------------------------------+----------------------------------+
 *   |           free    | part of a   | every read lands here            |
 *   |                   | line        |                                  |
 *   +---------------------------------+----------------------------------+
 */
import { isDigit, isOws } from "./chars";
import { content, contentPiece } from "./content";
import { CLOSE, isFinallyChunked, judgeField } from "./framing";
import { completeLine, CRLF } from "./line";
import { knownField } from "./names";
import { skipFieldValue, skipToken } from "./scan";
import { advance, failWith, GO_ON, pendingOrFailed } from "./state";
import { Code, Conn, Event, Field, Flag, Place, State } from "../shared/abi";
import { Client, ResponseCode, ResponseFlag, ResponseWord } from "../shared/abi_client";

/**
 * Finds the next event in the bytes received on `conn`. Every response is a `Head`, any number of
 * `Body`, and an `End`; interim responses (1xx except 101) are skipped without an event.
 *
 * @returns an `Event`
 */
export function nextResponse(conn: usize): u32 {
  let event: u32;
  do event = step(conn);
  while (event == GO_ON);
  if (event == Event.NeedMore) pullBack(conn);
  return event;
}

/** Prepares the block of a new connection for responses. */
export function openResponses(conn: usize): void {
  // Longer lines are refused, so that an incomplete line always fits.
  const longest = max(load<u32>(Place.MaxRequestLine), load<u32>(Place.MaxHeaderSize)) + 64;
  store<u32>(conn, load<u32>(conn, Conn.Base) + longest, Conn.Head);
  startOver(conn);
}

/** Forgets all input. */
export function startOver(conn: usize): void {
  const head = load<u32>(conn, Conn.Head);
  store<u32>(conn, head, Conn.Pos);
  store<u32>(conn, head, Conn.End);
  store<u32>(conn, head, Conn.Scanned);
}

/** Moves an incomplete line to just before the place where reads land. */
function pullBack(conn: usize): void {
  const from = load<u32>(conn, Conn.Pos);
  const length = load<u32>(conn, Conn.End) - from;
  if (length == 0) {
    startOver(conn);
    return;
  }
  const head = load<u32>(conn, Conn.Head);
  const to = head - length;
  if (to == from) return;
  memory.copy(to, from, length);
  store<u32>(conn, to, Conn.Pos);
  store<u32>(conn, head, Conn.End);
  store<u32>(conn, load<u32>(conn, Conn.Scanned) + to - from, Conn.Scanned);
}

/**
 * Consumes the empty lines that some servers send after a response.
 *
 * @returns whether other bytes follow; `Conn.Code` is then the fault to report if no request is
 * left that they could answer
 */
export function hasMore(conn: usize): bool {
  skipEmptyLines(conn);
  if (load<u32>(conn, Conn.Pos) != load<u32>(conn, Conn.End)) {
    store<u32>(conn, ResponseCode.ExtraBytes, Conn.Code);
    return true;
  }
  startOver(conn);
  return false;
}

/**
 * Says what the end of the connection means.
 *
 * @returns `Event.End` when it completes a response, `Event.NeedMore` when none was begun, and
 *   `Event.Error` when it cuts one short
 */
export function endOfResponses(conn: usize): u32 {
  const state = load<u32>(conn, Conn.State);
  if (state == State.UntilClose) {
    store<u32>(conn, State.Start, Conn.State);
    return Event.End;
  }
  if (state == State.Start && !hasMore(conn)) return Event.NeedMore;
  return state == State.Failed ? <u32>Event.Error : failWith(conn, Code.Incomplete);
}

function step(conn: usize): u32 {
  switch (load<u32>(conn, Conn.State)) {
    case State.Start:
      return start(conn);
    case State.FirstLine:
      return statusLine(conn);
    case State.Fields:
      return fields(conn);
    case State.UntilClose:
      store<u64>(conn, u64.MAX_VALUE, Conn.BodyLeft);
      return contentPiece(conn, State.UntilClose);
    default:
      // A server may add extensions to every chunk: they are bounded chunk by chunk.
      store<u32>(conn, 0, Conn.ExtensionBytes);
      return content(conn);
  }
}

/**
 * Some servers, including khttpd, send a CRLF after the content without counting it. It changes no
 * meaning, so it is ignored, as RFC 9112 section 2.2 asks of a CRLF before a request.
 */
function skipEmptyLines(conn: usize): void {
  const end: usize = load<u32>(conn, Conn.End);
  let p: usize = load<u32>(conn, Conn.Pos);
  while (p + 1 < end && load<u16>(p) == CRLF) p += 2;
  advance(conn, p, State.Start);
}

function start(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  if (p == <usize>load<u32>(conn, Conn.End)) return Event.NeedMore;
  if (load<u8>(p) == 0x0d) {
    skipEmptyLines(conn);
    const rest = load<u32>(conn, Conn.End) - load<u32>(conn, Conn.Pos);
    if (rest == 0 || (rest == 1 && load<u8>(load<u32>(conn, Conn.Pos)) == 0x0d)) return Event.NeedMore;
  }
  return advance(conn, load<u32>(conn, Conn.Pos), State.FirstLine);
}

/** status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF  (RFC 9112 section 4) */
function statusLine(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const end: usize = load<u32>(conn, Conn.End);
  // Bytes that are not HTTP are refused at once, without waiting for the end of the line.
  const there = min(end - p, 7);
  const mask: u64 = (<u64>1 << (8 * <u64>there)) - 1;
  if (((load<u64>(p) ^ 0x2e312f50545448) & mask) != 0) { // HTTP/1.
    return failWith(conn, ResponseCode.BadStatusLine);
  }
  const cr = completeLine(conn, false, p + load<u32>(Place.MaxRequestLine), ResponseCode.BadStatusLine);
  if (cr == 0) return pendingOrFailed(conn);
  const minor = <u32>load<u8>(p + 7) - 0x30;
  const status = decimal3(p + 9);
  // Many servers leave out the space before an empty reason.
  if (
    cr < p + 12 || minor > 9 || load<u8>(p + 8) != 0x20 || status < 100 ||
    (cr > p + 12 && load<u8>(p + 12) != 0x20)
  ) {
    return failWith(conn, ResponseCode.BadStatusLine);
  }
  store<u32>(conn, status, ResponseWord.Status);
  store<u32>(conn, minor, Conn.Minor);
  store<u32>(conn, 0, Conn.Flags);
  store<u64>(conn, 0, Conn.Present);
  store<u32>(conn, 0, Conn.Codings);
  store<u32>(conn, 0, Conn.TrailerBytes);
  store<u32>(conn, 0, Conn.FieldCount);
  return advance(conn, cr + 2, State.Fields);
}

/** The value of the three digits at `p`; 0 when they are not all digits. */
@inline
function decimal3(p: usize): u32 {
  const a = <u32>load<u8>(p), b = <u32>load<u8>(p + 1), c = <u32>load<u8>(p + 2);
  if (!isDigit(a) || !isDigit(b) || !isDigit(c)) return 0;
  return (a - 0x30) * 100 + (b - 0x30) * 10 + (c - 0x30);
}

/**
 * field-line = field-name ":" OWS field-value OWS               (RFC 9112 section 5)
 * obs-fold   = OWS CRLF RWS                                     (RFC 9112 section 5.2)
 *
 * Continuation lines of a field that frames the message are joined to it before it is checked;
 * those of other fields are skipped like the fields themselves.
 */
function fields(conn: usize): u32 {
  const end: usize = load<u32>(conn, Conn.End);
  let p: usize = load<u32>(conn, Conn.Pos);
  while (p < end) {
    if (load<u8>(p) == 0x0d) {
      if (p + 1 == end) break;
      if (load<u8>(p + 1) != 0x0a) return failWith(conn, Code.BareCarriageReturn);
      return endHead(conn, p + 2);
    }
    const colon = skipToken(p, end);
    const cr = skipFieldValue(colon, end);
    if (colon == p || cr + 1 >= end || load<u8>(colon) != 0x3a || load<u16>(cr) != CRLF) {
      return otherLine(conn, p, colon);
    }
    const length = <u32>(colon - p);
    // Content-Length, Transfer-Encoding, Connection
    if (length == 14 || length == 17 || length == 10) {
      const field = knownField(p, length);
      if (field != Field.Count) {
        // The first byte of the next line says whether the value goes on there.
        if (cr + 2 >= end || isOws(load<u8>(cr + 2))) return unfold(conn, p, cr);
        const code = judge(conn, field, colon + 1, cr);
        if (code != Code.None) return failWith(conn, code);
      }
    }
    p = cr + 2;
  }
  passFields(conn, p);
  return Event.NeedMore;
}

/** Continues at `p`, which is after complete field lines unless it is where the search began. */
@inline
function passFields(conn: usize, p: usize): void {
  if (<usize>load<u32>(conn, Conn.Pos) == p) return;
  store<u32>(conn, 1, Conn.FieldCount);
  advance(conn, p, State.Fields);
}

/** Handles a line at `p` that continues a field, is incomplete, or is not a field line at all. */
function otherLine(conn: usize, p: usize, colon: usize): u32 {
  passFields(conn, p);
  const cr = completeLine(conn, false, p + load<u32>(Place.MaxHeaderSize), Code.HeaderTooLarge);
  if (cr == 0) return pendingOrFailed(conn);
  if (isOws(load<u8>(p))) {
    // RFC 9112 section 2.2: such a line before the first field must not be interpreted.
    if (load<u32>(conn, Conn.FieldCount) == 0) return failWith(conn, Code.WhiteSpaceBeforeFields);
    return advance(conn, cr + 2, State.Fields);
  }
  return failWith(conn, colon >= cr ? Code.NoColon : Code.BadFieldName);
}

/**
 * Replaces the line ends within the field at `p` by spaces (RFC 9112 section 5.2), from the CR at
 * `cr` on. The field is then one line, which is read again when it is known where it ends.
 */
function unfold(conn: usize, p: usize, cr: usize): u32 {
  passFields(conn, p);
  const end: usize = load<u32>(conn, Conn.End);
  while (cr + 2 < end && load<u16>(cr) == CRLF && isOws(load<u8>(cr + 2))) {
    store<u16>(cr, 0x2020);
    cr = skipFieldValue(cr + 2, end);
  }
  if (cr + 2 != end || load<u16>(cr) != CRLF) return GO_ON;
  // It is not known yet whether the field continues: the line is kept, so it has to fit.
  return cr - p > <usize>load<u32>(Place.MaxHeaderSize) ? failWith(conn, Code.HeaderTooLarge) : <u32>Event.NeedMore;
}

/** Checks the value `value` ... `stop` of `field` and notes that the field was present. */
function judge(conn: usize, field: u32, value: usize, stop: usize): u32 {
  while (value < stop && isOws(load<u8>(value))) ++value;
  while (stop > value && isOws(load<u8>(stop - 1))) --stop;
  const bit = <u32>1 << field;
  const present = load<u32>(conn, Conn.Present);
  const first = load<u64>(conn, Conn.BodySize);
  // `judgeField` must take each for the first, because it refuses repeated fields, as a server has
  // to.
  store<u32>(conn, present & ~bit, Conn.Present);
  const code = judgeField(conn, field, value, stop);
  store<u32>(conn, present | bit, Conn.Present);
  // RFC 9112 section 6.3: the same length twice is one length.
  if (field == Field.ContentLength && (present & bit) != 0 && load<u64>(conn, Conn.BodySize) != first) {
    return Code.RepeatedContentLength;
  }
  return code;
}

/** Says how the content is framed (RFC 9112 section 6.3) and whether the connection stays open. */
function endHead(conn: usize, p: usize): u32 {
  const status = load<u32>(conn, ResponseWord.Status);
  if (status < 200 && status != 101) return advance(conn, p, State.FirstLine);
  const present = load<u32>(conn, Conn.Present);
  let flags = load<u32>(conn, Conn.Flags) | ResponseFlag.Folds;
  if (flags & CLOSE) flags &= ~(Flag.KeepAlive | CLOSE);
  else if (load<u32>(conn, Conn.Minor) > 0) flags |= Flag.KeepAlive;
  let state: u32 = State.Complete;
  if (load<u32>(Client.IsHead) || status == 204 || status == 304 || status == 101) {
    // no content, whatever the fields say
  } else if (present & (1 << Field.TransferEncoding)) {
    if (present & (1 << Field.ContentLength)) return failWith(conn, Code.LengthAndTransferEncoding);
    store<u64>(conn, 0, Conn.BodySize);
    store<u32>(conn, 0, Conn.ExtensionBytes);
    const isChunked = isFinallyChunked(conn);
    flags |= isChunked ? <u32>Flag.Chunked : <u32>ResponseFlag.UntilClose;
    state = isChunked ? State.ChunkSize : State.UntilClose;
  } else if (present & (1 << Field.ContentLength)) {
    const length = load<u64>(conn, Conn.BodySize);
    store<u64>(conn, length, Conn.BodyLeft);
    if (length > 0) state = State.Length;
  } else {
    flags |= ResponseFlag.UntilClose;
    state = State.UntilClose;
  }
  if (flags & ResponseFlag.UntilClose) flags &= ~Flag.KeepAlive;
  store<u32>(conn, flags, Conn.Flags);
  advance(conn, p, state);
  return Event.Head;
}
