/**
 * The content of a message, framed by a length or in chunks (RFC 9112 sections 6.2 and 7.1): of
 * requests and of responses alike. Trailers are checked, counted and dropped.
 */
import { isOws } from "./chars";
import { judgeChunkLine, skipChunkSize } from "./framing";
import { completeLine, CRLF } from "./line";
import { skipToken } from "./scan";
import { advance, failWith, GO_ON, pendingOrFailed } from "./state";
import { Code, Conn, Event, Place, State } from "../shared/abi";
import { ResponseFlag } from "../shared/abi_client";

/** The next event in the content, up to `Event.End`, after which the next message starts. */
export function content(conn: usize): u32 {
  let event: u32;
  do event = contentStep(conn);
  while (event == GO_ON);
  return event;
}

/**
 * chunked-body = *chunk last-chunk trailer-section CRLF         (RFC 9112 section 7.1)
 * chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 */
function contentStep(conn: usize): u32 {
  switch (load<u32>(conn, Conn.State)) {
    case State.Length:
      return contentPiece(conn, State.Complete);
    case State.ChunkSize:
      return chunkSize(conn);
    case State.ChunkData:
      return contentPiece(conn, State.ChunkEnd);
    case State.ChunkEnd:
      return chunkEnd(conn);
    case State.Trailers:
      return trailer(conn);
    case State.Complete:
      store<u32>(conn, State.Start, Conn.State);
      return Event.End;
    default:
      return Event.Error;
  }
}

/**
 * Hands out the bytes received, at most `Conn.BodyLeft`; after the last of them the state is
 * `after`.
 */
export function contentPiece(conn: usize, after: u32): u32 {
  const p = load<u32>(conn, Conn.Pos);
  const there = load<u32>(conn, Conn.End) - p;
  if (there == 0) return Event.NeedMore;
  const left = load<u64>(conn, Conn.BodyLeft);
  const piece = <u64>there < left ? there : <u32>left;
  store<u32>(conn, p, Conn.PieceStart);
  store<u32>(conn, piece, Conn.PieceLength);
  store<u64>(conn, left - piece, Conn.BodyLeft);
  advance(conn, p + piece, left == piece ? after : load<u32>(conn, Conn.State));
  return Event.Body;
}

function chunkSize(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const end: usize = load<u32>(conn, Conn.End);
  // Checked before the line is complete, so that a wrong byte is refused without waiting for the
  // rest.
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

/** The CRLF after a chunk's data. A wrong byte is refused without waiting for the rest. */
function chunkEnd(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const there = load<u32>(conn, Conn.End) - <u32>p;
  if (there > 0 && load<u8>(p) != 0x0d) return failWith(conn, Code.BadChunkEnd);
  if (there < 2) return Event.NeedMore;
  if (load<u16>(p) != CRLF) return failWith(conn, Code.BadChunkEnd);
  return advance(conn, p + 2, State.ChunkSize);
}

/**
 * One line of the trailer section. Trailers are never merged into the head (RFC 9110 section
 * 6.5.1), so their names do not matter.
 */
function trailer(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const bytes = load<u32>(conn, Conn.TrailerBytes);
  const longest = p + load<u32>(Place.MaxHeaderSize) - 2 - bytes;
  const isFolded = p < <usize>load<u32>(conn, Conn.End) && isOws(load<u8>(p));
  // A line that continues a field is a fault of a request, but not of a response.
  if (isFolded && (bytes == 0 || !(load<u32>(conn, Conn.Flags) & ResponseFlag.Folds))) {
    return failWith(conn, Code.BadTrailer);
  }
  const cr = completeLine(conn, false, longest, Code.TrailerTooLarge);
  if (cr == 0) return pendingOrFailed(conn);
  if (cr == p) return advance(conn, cr + 2, State.Complete);
  if (!isFolded) {
    const colon = skipToken(p, cr);
    if (colon == p || colon >= cr || load<u8>(colon) != 0x3a) return failWith(conn, Code.BadTrailer);
  }
  store<u32>(conn, bytes + <u32>(cr + 2 - p), Conn.TrailerBytes);
  return advance(conn, cr + 2, State.Trailers);
}
