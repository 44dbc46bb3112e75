/** The chunked content of requests, strictly: trailers are checked, and dropped. */
import { isOws } from "./chars";
import { chunkEnd, contentPiece } from "./content";
import { judgeChunkLine, skipChunkSize } from "./framing";
import { completeLine, CRLF } from "./line";
import { skipToken } from "./scan";
import { advance, failWith, GO_ON, pendingOrFailed, State } from "./state";
import { Code, Conn, Event, Place } from "../shared/abi";

/**
 * chunked-body = *chunk last-chunk trailer-section CRLF         (RFC 9112 section 7.1)
 * chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 */
export function chunked(conn: usize): u32 {
  let event: u32;
  do event = chunkedStep(conn);
  while (event == GO_ON);
  return event;
}

function chunkedStep(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const end: usize = load<u32>(conn, Conn.End);
  switch (load<u32>(conn, Conn.State)) {
    case State.ChunkSize: {
      // Before the line is complete, so that what is no chunk is not waited for.
      let cr = skipChunkSize(p, end);
      if (cr == 0) return failWith(conn, Code.BadChunkSize);
      if (cr + 1 >= end || load<u16>(cr) != CRLF) { // not complete, or with extensions
        const longest = p + load<u32>(Place.MaxHeaderSize) + 16;
        cr = completeLine(conn, false, longest, Code.ChunkExtensionTooLong);
        if (cr == 0) return pendingOrFailed(conn);
      }
      const code = judgeChunkLine(conn, p, cr);
      if (code != Code.None) return failWith(conn, code);
      return advance(conn, cr + 2, load<u64>(conn, Conn.BodyLeft) == 0 ? State.Trailers : State.ChunkData);
    }
    case State.ChunkData:
      return contentPiece(conn, State.ChunkEnd);
    case State.ChunkEnd:
      return chunkEnd(conn);
    default:
      return trailer(conn, p);
  }
}

/**
 * One line of the trailer section: checked, counted and dropped. Trailers are never merged into
 * the head (RFC 9110 section 6.5.1), so their names do not matter.
 */
function trailer(conn: usize, p: usize): u32 {
  const bytes = load<u32>(conn, Conn.TrailerBytes);
  const longest = p + load<u32>(Place.MaxHeaderSize) - 2 - bytes;
  const end: usize = load<u32>(conn, Conn.End);
  if (p < end && isOws(load<u8>(p))) return failWith(conn, Code.BadTrailer);
  const cr = completeLine(conn, false, longest, Code.TrailerTooLarge);
  if (cr == 0) return pendingOrFailed(conn);
  if (cr == p) {
    advance(conn, cr + 2, State.Start);
    return Event.End;
  }
  const colon = skipToken(p, cr);
  if (colon == p || colon >= cr || load<u8>(colon) != 0x3a) return failWith(conn, Code.BadTrailer);
  store<u32>(conn, bytes + <u32>(cr + 2 - p), Conn.TrailerBytes);
  return advance(conn, cr + 2, State.Trailers);
}
