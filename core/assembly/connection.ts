/**
 * A connection's block: how it is opened and closed.
 */
import { freeBlock } from "./memory";
import { freeChain } from "./output";
import { Conn, Place } from "../shared/abi";

/** Where the final message of the connection in `block` stands. */
export function finalMessage(block: usize): usize {
  return block + load<u32>(Place.BlockBytes) - Place.FinalMessage;
}

/** Prepares the record of a new connection in `block`. */
export function openConn(block: usize): void {
  memory.fill(block, 0, Conn.Known);
  const tableBytes = (load<u32>(Place.MaxHeaders) * 8 + 15) & ~15;
  const base = block + Conn.Fields + tableBytes;
  store<u32>(block, <u32>base, Conn.Base);
  store<u32>(block, <u32>(finalMessage(block) - Place.Slack), Conn.Limit);
  store<u32>(block, <u32>base, Conn.Head);
  store<u32>(block, <u32>base, Conn.Pos);
  store<u32>(block, <u32>base, Conn.End);
  store<u32>(block, <u32>base, Conn.Scanned);
}

/** Gives back the block of a connection and everything that hangs on it. */
export function closeConn(conn: usize): void {
  freeChain(load<u32>(conn, Conn.OutHead));
  freeChain(load<u32>(conn, Conn.SpoolHead));
  freeBlock(conn);
}
