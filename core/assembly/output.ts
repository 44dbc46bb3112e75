/**
 * Chains of blocks: the output of a connection, and content set aside until it is complete.
 *
 * Two words of the connection's record hold a chain: the address of its first block and, next to
 * it, of its last.
 */
import { allocateBlock } from "./memory";
import { Conn, Out, Place } from "../shared/abi";

/** Free bytes at the end of the chain's last block. */
@inline
function room(tail: usize): u32 {
  return load<u32>(Place.BlockBytes) - Out.Data - load<u32>(tail, Out.Length);
}

/**
 * Makes sure that `length` bytes, at most one block's worth, fit behind the last byte of the
 * chain whose words are at `chain`.
 *
 * @returns the address where they go, 0 when no block is left
 */
export function reserve(chain: usize, length: u32): usize {
  let tail: usize = load<u32>(chain, 4);
  if (tail == 0 || room(tail) < length) {
    const block = allocateBlock();
    if (block == 0) return 0;
    store<u32>(block, 0, Out.Next);
    store<u32>(block, 0, Out.Length);
    if (tail == 0) store<u32>(chain, <u32>block);
    else store<u32>(tail, <u32>block, Out.Next);
    store<u32>(chain, <u32>block, 4);
    tail = block;
  }
  return tail + Out.Data + load<u32>(tail, Out.Length);
}

/** Counts `length` bytes, written where `reserve` said, as part of the chain. */
@inline
export function commit(chain: usize, length: u32): void {
  const tail = load<u32>(chain, 4);
  store<u32>(tail, load<u32>(tail, Out.Length) + length, Out.Length);
}

/**
 * Copies `length` bytes from `source` to the end of the chain, over as many blocks as it takes.
 *
 * @returns whether there was memory for all of them
 */
export function append(chain: usize, source: usize, length: u32): bool {
  while (length > 0) {
    const tail: usize = load<u32>(chain, 4);
    let part: u32 = tail == 0 ? 0 : room(tail);
    if (part == 0) part = load<u32>(Place.BlockBytes) - Out.Data;
    if (part > length) part = length;
    const target = reserve(chain, part);
    if (target == 0) return false;
    memory.copy(target, source, part);
    commit(chain, part);
    source += part;
    length -= part;
  }
  return true;
}

/**
 * Moves the content that was set aside to the end of the output: by copying where it fits into
 * the last block (one write more costs more than a copy), else by linking its blocks.
 *
 * @returns the chain that is left to free, 0 when it was linked
 */
export function spoolToOutput(conn: usize): usize {
  const first: usize = load<u32>(conn, Conn.SpoolHead);
  if (first == 0) return 0;
  const last: usize = load<u32>(conn, Conn.SpoolTail);
  store<u64>(conn, 0, Conn.SpoolHead);
  const tail: usize = load<u32>(conn, Conn.OutTail);
  if (tail == 0) {
    store<u32>(conn, <u32>first, Conn.OutHead);
  } else if (first == last && load<u32>(first, Out.Length) <= room(tail)) {
    append(conn + Conn.OutHead, first + Out.Data, load<u32>(first, Out.Length));
    return first;
  } else {
    store<u32>(tail, <u32>first, Out.Next);
  }
  store<u32>(conn, <u32>last, Conn.OutTail);
  return 0;
}
