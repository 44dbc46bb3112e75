/**
 * Finds the end of a line that may still be on its way, and never looks at a byte twice for it.
 *
 * How a head is parsed (`request.ts`): each line is first read in one optimistic pass that takes
 * it apart while it looks for the end. Only when that fails, because the line is not complete or
 * not right, `completeLine` decides which. It remembers in `Conn.Scanned` how far it looked, and
 * as long as the line is not complete nothing else is tried. So each byte is read at most three
 * times, whatever the pieces in which it came, and the verdict does not depend on the pieces.
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
 * Searches the end of the line that starts at `start`, from `Conn.Scanned` on.
 *
 * @param strict whether only SP ... 0x7E may stand in the line, as in a request line; else
 *   everything but controls (HTAB is none here)
 * @param longest where the line's CR may stand at the latest
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
