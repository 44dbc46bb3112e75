/**
 * Finds the end of a line of which only a part may have been received, without searching a byte
 * twice.
 *
 * How a head is parsed (`request.ts`): each line is first read in one optimistic pass that parses
 * it while looking for its end. Only when that fails, because the line is incomplete or malformed,
 * does `completeLine` decide which. It remembers in `Conn.Scanned` how far it looked, and as long
 * as the line is incomplete nothing else is tried. So each byte is read at most three times, and
 * the verdict does not depend on the pieces in which the bytes arrive.
 */
import { skipFieldValue, skipPrintable } from "./scan";
import { Code, Conn } from "../shared/abi";

/** CR LF, read as a little-endian u16. */
export const CRLF: u32 = 0x0a0d;

/** Records `code` as the reason why nothing more is parsed. */
@inline
export function fail(conn: usize, code: u32): usize {
  store<u32>(conn, code, Conn.Code);
  return 0;
}

/**
 * Searches for the end of the line that starts at `start`, from `Conn.Scanned` on.
 *
 * @param strict whether the line may hold only SP ... 0x7E, as in a request line; otherwise it may
 * hold everything except controls (HTAB does not count as one)
 * @param longest the last address at which the line's CR may be
 * @param tooLong the code for a line beyond that
 * @returns the address of its CR; 0 when it is not complete (`Conn.Code` is `None`) or wrong
 */
export function completeLine(conn: usize, strict: bool, longest: usize, tooLong: u32): usize {
  const end: usize = load<u32>(conn, Conn.End);
  const from: usize = load<u32>(conn, Conn.Scanned);
  let stop = end;
  if (from < end) {
    stop = strict ? skipPrintable(from, end) : skipFieldValue(from, end);
    if (stop > end) stop = end;
  }
  store<u32>(conn, Code.None, Conn.Code);
  if (stop > longest) return fail(conn, tooLong);
  store<u32>(conn, <u32>stop, Conn.Scanned);
  if (stop == end) return 0;
  const c = load<u8>(stop);
  if (c == 0x0d) {
    if (stop + 1 == end) return 0;
    // RFC 9112 section 2.2: a bare CR is invalid, and so, by our choice, is a bare LF.
    return load<u8>(stop + 1) == 0x0a ? stop : fail(conn, Code.BareCarriageReturn);
  }
  if (c == 0x0a) return fail(conn, Code.BareLineFeed);
  return fail(conn, Code.ControlByte);
}
