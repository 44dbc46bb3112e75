/**
 * The fields that frame a message or control its connection, judged while the head is parsed. A
 * message that two recipients could frame differently is refused, because that allows request
 * smuggling (RFC 9112 section 11.2).
 */
import { hexValue, isDigit, isOws } from "./chars";
import { skipToken } from "./scan";
import { isAuthority } from "./target";
import { Code, Conn, Field, Flag, Place } from "../shared/abi";

/** Bits of `Conn.Codings`: the transfer codings so far, over all field lines. */
const enum Codings {
  /** The last coding was chunked. */
  ChunkedLast = 1,
  /** There was another coding. */
  Other = 2,
  /** Something followed chunked, so it was not final. */
  ChunkedEarly = 4,
}

@inline
function skipOws(p: usize, end: usize): usize {
  while (p < end && isOws(load<u8>(p))) ++p;
  return p;
}

/**
 * Whether the bytes at `p` that `mask` selects are `word`, in upper or lower case.
 *
 * @param word lower-case letters as a little-endian number, 0 where `mask` is 0
 */
@inline
function isWord8(p: usize, word: u64, mask: u64): bool {
  return ((load<u64>(p) | 0x2020202020202020) & mask) == word;
}

/**
 * Judges the value `p` ... `end` of the known field `field`.
 *
 * @returns `Code.None` when it is acceptable
 */
export function judgeField(conn: usize, field: u32, p: usize, end: usize): u32 {
  switch (field) {
    case Field.Host:
      return host(conn, p, end);
    case Field.ContentLength:
      return contentLength(conn, p, end);
    case Field.TransferEncoding:
      return transferEncoding(conn, p, end);
    case Field.Connection:
      connection(conn, p, end);
      return Code.None;
    case Field.Expect:
      expect(conn, p, end);
      return Code.None;
    default:
      return Code.None;
  }
}

/** RFC 9112 section 3.2: exactly one valid Host; only HTTP/1.0 may send an empty one. */
function host(conn: usize, p: usize, end: usize): u32 {
  if (load<u32>(conn, Conn.Present) & (1 << Field.Host)) return Code.RepeatedHost;
  if (p == end) return load<u32>(conn, Conn.Minor) == 0 ? Code.None : Code.BadHost;
  return isAuthority(p, end, false) ? Code.None : Code.BadHost;
}

/** Content-Length = 1*DIGIT (RFC 9110 section 8.6), once, below 2^64. */
function contentLength(conn: usize, p: usize, end: usize): u32 {
  if (load<u32>(conn, Conn.Present) & (1 << Field.ContentLength)) return Code.RepeatedContentLength;
  if (p == end) return Code.BadContentLength;
  let value: u64 = 0;
  for (; p < end; ++p) {
    const digit = <u64>load<u8>(p) - 0x30;
    if (digit > 9) return Code.BadContentLength;
    if (value > 0x1999999999999999 || (value == 0x1999999999999999 && digit > 5)) return Code.BadContentLength;
    value = value * 10 + digit;
  }
  store<u64>(conn, value, Conn.BodySize);
  return Code.None;
}

/**
 * Transfer-Encoding = 1#transfer-coding                         (RFC 9112 section 6.1)
 *
 * Empty list elements, which the list rule would let a recipient ignore, are refused.
 */
function transferEncoding(conn: usize, p: usize, end: usize): u32 {
  if (load<u32>(conn, Conn.Minor) == 0) return Code.TransferEncodingInHttp10;
  let codings = load<u32>(conn, Conn.Codings);
  for (;;) {
    const start = skipOws(p, end);
    p = skipToken(start, end);
    if (p == start) return Code.BadTransferEncoding;
    if (codings & Codings.ChunkedLast) codings |= Codings.ChunkedEarly;
    // chunked
    if (p - start == 7 && isWord8(start, 0x64656b6e756863, 0x00ffffffffffffff)) {
      codings |= Codings.ChunkedLast;
    } else {
      codings = (codings & ~Codings.ChunkedLast) | Codings.Other;
    }
    p = skipOws(p, end);
    if (p < end && load<u8>(p) == 0x3b) { // ";": parameters, which chunked does not have
      if (codings & Codings.ChunkedLast) return Code.BadTransferEncoding;
      while (p < end && load<u8>(p) != 0x2c) ++p;
    }
    if (p == end) break;
    if (load<u8>(p) != 0x2c) return Code.BadTransferEncoding;
    ++p;
  }
  store<u32>(conn, codings, Conn.Codings);
  return Code.None;
}

/** Whether the transfer codings of the head end with chunked, once (RFC 9112 section 6.3). */
export function isFinallyChunked(conn: usize): bool {
  return (load<u32>(conn, Conn.Codings) & (Codings.ChunkedLast | Codings.ChunkedEarly)) == Codings.ChunkedLast;
}

/**
 * Connection = #connection-option; `close` wins over `keep-alive` (RFC 9112 section 9.3).
 *
 * An option is a token. Anything else between two commas is ignored.
 */
function connection(conn: usize, p: usize, end: usize): void {
  let flags = load<u32>(conn, Conn.Flags);
  while (p < end) {
    const stop = skipToken(p, end);
    let option: u32 = 0;
    if (stop - p == 10) {
      // keep-ali, ve
      if (isWord8(p, 0x696c612d7065656b, ~0) && (load<u16>(p + 8) | 0x2020) == 0x6576) option = Flag.KeepAlive;
    } else if (stop - p == 5) {
      if (isWord8(p, 0x65736f6c63, 0xffffffffff)) option = CLOSE; // close
    }
    p = skipOws(stop, end);
    if (p < end && load<u8>(p) != 0x2c) { // ","
      option = 0;
      do ++p;
      while (p < end && load<u8>(p) != 0x2c);
    }
    flags |= option;
    if (p < end) p = skipOws(p + 1, end);
  }
  store<u32>(conn, flags, Conn.Flags);
}

/** A bit of `Conn.Flags` of this file's own: `close` was among the options. */
export const CLOSE: u32 = 0x8000;

/** RFC 9110 section 10.1.1: one expectation is known; HTTP/1.0 cannot have it. */
function expect(conn: usize, p: usize, end: usize): void {
  let flag: u32 = Flag.ExpectOther;
  if (
    end - p == 12 && isWord8(p, 0x746e6f632d303031, ~0) && // 100-cont
    (load<u32>(p + 8) | 0x20202020) == 0x65756e69 // inue
  ) {
    flag = load<u32>(conn, Conn.Minor) == 0 ? 0 : Flag.Expect100;
  }
  store<u32>(conn, load<u32>(conn, Conn.Flags) | flag, Conn.Flags);
}

/**
 * Judges a complete head as a whole and says how its content is framed (RFC 9112 section 6.3).
 *
 * @returns `Code.None` when it is acceptable
 */
export function judgeHead(conn: usize): u32 {
  const present = load<u32>(conn, Conn.Present);
  const minor = load<u32>(conn, Conn.Minor);
  let flags = load<u32>(conn, Conn.Flags);
  if (minor > 0) {
    if (!(present & (1 << Field.Host))) return Code.MissingHost;
    if (!(flags & CLOSE)) flags |= Flag.KeepAlive;
  }
  if (flags & CLOSE) flags &= ~(Flag.KeepAlive | CLOSE);
  if (present & (1 << Field.TransferEncoding)) {
    if (present & (1 << Field.ContentLength)) return Code.LengthAndTransferEncoding;
    if (!isFinallyChunked(conn)) return Code.ChunkedNotFinal;
    if (load<u32>(conn, Conn.Codings) & Codings.Other) return Code.UnknownCoding;
    store<u64>(conn, 0, Conn.BodySize);
    store<u64>(conn, 0, Conn.ExtensionBytes); // and TrailerBytes beside it
    flags |= Flag.HasBody | Flag.Chunked;
  } else if (present & (1 << Field.ContentLength)) {
    const length = load<u64>(conn, Conn.BodySize);
    if (length > load<u64>(Place.MaxBody)) return Code.BodyTooLarge;
    store<u64>(conn, length, Conn.BodyLeft);
    if (length > 0) flags |= Flag.HasBody;
  } else {
    store<u64>(conn, 0, Conn.BodySize);
  }
  store<u32>(conn, flags, Conn.Flags);
  return Code.None;
}

/** Most digits of a chunk size: they fill 64 bits. */
const MAX_SIZE_DIGITS: u32 = 16;

/**
 * Skips the digits of a chunk line that starts at `p` and may be incomplete.
 *
 * @returns the address after them; 0 when the bytes cannot start a chunk line
 */
export function skipChunkSize(p: usize, end: usize): usize {
  const first = p;
  while (p < end && hexValue(load<u8>(p)) < 16) {
    if (++p - first > MAX_SIZE_DIGITS) return 0;
  }
  if (p == end) return p;
  const c = load<u8>(p);
  return p == first || (c != 0x3b && c != 0x0d) ? 0 : p; // ";" or CR
}

/**
 * Whether `p` ... `end`, which starts with ";" and holds no control but HTAB, are chunk extensions.
 *
 *   chunk-ext     = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 *   chunk-ext-val = token / quoted-string                      (RFC 9112 section 7.1.1)
 *
 * Two recipients may parse a malformed one differently, especially at a quote, and then find the
 * end of the line at different places.
 */
function areExtensions(p: usize, end: usize): bool {
  while (p < end) {
    if (load<u8>(p) != 0x3b) return false; // ";"
    const name = skipOws(p + 1, end);
    let stop = skipToken(name, end);
    if (stop > end) stop = end;
    if (stop == name) return false;
    p = skipOws(stop, end);
    if (p < end && load<u8>(p) == 0x3d) { // "="
      const value = skipOws(p + 1, end);
      stop = value < end && load<u8>(value) == 0x22 ? skipQuoted(value, end) : skipToken(value, end);
      if (stop > end) stop = end;
      if (stop == value) return false;
      p = skipOws(stop, end);
    }
    // White space is only allowed before another extension.
    if (p == end && stop != end) return false;
  }
  return true;
}

/**
 * quoted-string = DQUOTE *( qdtext / "\" ( HTAB / SP / VCHAR / obs-text ) ) DQUOTE
 *                                                                (RFC 9110 section 5.6.4)
 *
 * @returns the address after the quoted-string at `p`; `p` when it does not end before `end`
 */
function skipQuoted(p: usize, end: usize): usize {
  for (let q = p + 1; q < end; ++q) {
    const c = load<u8>(q);
    if (c == 0x22) return q + 1;
    if (c == 0x5c) ++q;
  }
  return p;
}

/**
 * Reads a chunk's size from the line `p` ... `end` into `Conn.BodyLeft` (RFC 9112 section 7.1).
 *
 *   chunk-size = 1*HEXDIG
 *
 * Extensions are dropped, but counted: their bytes cost work and carry nothing.
 *
 * @returns `Code.None` when the line is acceptable
 */
export function judgeChunkLine(conn: usize, p: usize, end: usize): u32 {
  let size: u64 = 0;
  // `skipChunkSize` has checked the digits and the byte that follows them.
  for (; p < end && load<u8>(p) != 0x3b; ++p) size = (size << 4) | hexValue(load<u8>(p)); // ";"
  if (p < end) {
    const extensions = load<u32>(conn, Conn.ExtensionBytes) + <u32>(end - p);
    if (extensions > load<u32>(Place.MaxHeaderSize)) return Code.ChunkExtensionTooLong;
    store<u32>(conn, extensions, Conn.ExtensionBytes);
    if (!areExtensions(p, end)) return Code.BadChunkExtension;
  }
  const before = load<u64>(conn, Conn.BodySize);
  if (size > load<u64>(Place.MaxBody) - before) return Code.BodyTooLarge;
  store<u64>(conn, before + size, Conn.BodySize);
  store<u64>(conn, size, Conn.BodyLeft);
  return Code.None;
}
