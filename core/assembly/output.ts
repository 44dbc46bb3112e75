/**
 * Chains of blocks: the output of a connection, and content set aside until it is complete.
 *
 * Two words of the connection's record hold a chain: the address of its first block and, next to
 * it, of its last. A block is `[next, length, start, bytes ...]`; one whose `start` is not its own
 * bytes refers to a kept response (`answers.ts`), which is sent from where it stands.
 */
import { allocateBlock, freeBlock } from "./memory";
import { Conn, Out, Place } from "../shared/abi";

/** Whether the bytes of the block `block` stand elsewhere. */
@inline
export function isReference(block: usize): bool {
  return <usize>load<u32>(block, Out.Start) != block + Out.Data;
}

/** Free bytes at the end of the chain's last block. */
@inline
function room(tail: usize): u32 {
  if (isReference(tail)) return 0;
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
    tail = addBlock(chain);
    if (tail == 0) return 0;
    store<u32>(tail, <u32>(tail + Out.Data), Out.Start);
  }
  return tail + Out.Data + load<u32>(tail, Out.Length);
}

/** Puts an empty block at the end of the chain; its `Out.Start` is the caller's to set. */
function addBlock(chain: usize): usize {
  const block = allocateBlock();
  if (block == 0) return 0;
  store<u32>(block, 0, Out.Next);
  store<u32>(block, 0, Out.Length);
  const tail: usize = load<u32>(chain, 4);
  if (tail == 0) store<u32>(chain, <u32>block);
  else store<u32>(tail, <u32>block, Out.Next);
  store<u32>(chain, <u32>block, 4);
  return block;
}

/**
 * Puts `length` bytes at the end of the chain that stay where they are, at `source`.
 *
 * @returns whether there was a block to note it in
 */
export function appendReference(chain: usize, source: usize, length: u32): bool {
  const block = addBlock(chain);
  if (block == 0) return false;
  store<u32>(block, <u32>source, Out.Start);
  store<u32>(block, length, Out.Length);
  store<u32>(Place.References, load<u32>(Place.References) + 1);
  return true;
}

/** Gives `block` of a chain back. */
export function freeOutBlock(block: usize): void {
  if (isReference(block)) store<u32>(Place.References, load<u32>(Place.References) - 1);
  freeBlock(block);
}

/** Gives all blocks of the chain that starts at `block` back. */
export function freeChain(block: usize): void {
  while (block != 0) {
    const next = load<u32>(block, Out.Next);
    freeOutBlock(block);
    block = next;
  }
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
