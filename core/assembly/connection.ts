/**
 * A connection's block: how it is opened and closed.
 */
import { freeBlock } from "./memory";
import { freeChain } from "./output";
import { Conn, Place } from "../shared/abi";

/** Address of the room for the final message of the connection in `block`. */
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

/** Frees the block of a connection, its output and the content it has set aside. */
export function closeConn(conn: usize): void {
  freeChain(load<u32>(conn, Conn.OutHead));
  freeChain(load<u32>(conn, Conn.SpoolHead));
  freeBlock(conn);
}
