/** Pieces of content, framed by a length or in chunks (RFC 9112 sections 6.2 and 7.1). */
import { CRLF } from "./line";
import { advance, failWith, State } from "./state";
import { Code, Conn, Event } from "../shared/abi";

/** Hands out what is there of the `Conn.BodyLeft` bytes to come; `after` follows the last one. */
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

/** The CRLF behind a chunk's data; what is none is not waited for. */
export function chunkEnd(conn: usize): u32 {
  const p: usize = load<u32>(conn, Conn.Pos);
  const there = load<u32>(conn, Conn.End) - <u32>p;
  if (there > 0 && load<u8>(p) != 0x0d) return failWith(conn, Code.BadChunkEnd);
  if (there < 2) return Event.NeedMore;
  if (load<u16>(p) != CRLF) return failWith(conn, Code.BadChunkEnd);
  return advance(conn, p + 2, State.ChunkSize);
}
