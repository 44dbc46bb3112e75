/**
 * The echo splitter: cuts what was received into pieces of at most the server's buffer, in order,
 * with nothing lost and nothing added. A piece is sent from where it was received.
 */
import { Conn } from "../shared/abi";

/**
 * Takes the next piece, of at most `size` bytes, from the bytes received on `conn`, and sets
 * `Conn.PieceStart` to its address.
 *
 * @returns its length, 0 when everything received was taken
 */
export function nextPiece(conn: usize, size: u32): u32 {
  const p = load<u32>(conn, Conn.Pos);
  const there = load<u32>(conn, Conn.End) - p;
  const length = min(there, size);
  store<u32>(conn, p, Conn.PieceStart);
  store<u32>(conn, length, Conn.PieceLength);
  store<u32>(conn, p + length, Conn.Pos);
  return length;
}

/** Makes the whole input area free. Call when all input was taken. */
export function rewind(conn: usize): u32 {
  const base = load<u32>(conn, Conn.Base);
  store<u32>(conn, base, Conn.Pos);
  store<u32>(conn, base, Conn.End);
  return load<u32>(conn, Conn.Limit) - base;
}
