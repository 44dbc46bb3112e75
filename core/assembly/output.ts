/**
 * Chains of blocks: the output of a connection, and content that is stored until it is complete.
 *
 * Two words of the connection's record hold a chain: the address of its first block and, next to
 * it, of its last. A block is `[next, length, start, -, bytes ...]`.
 *
 * An output may also hold one reference: bytes that are sent without being copied, such as a kept
 * response (`answers.ts`). It takes no block. The connection's record describes it in the form of a
 * block whose `start` is not its own bytes. Nothing is appended after it until it has been sent.
 */
import { finalMessage } from "./connection";
import { allocateForOutput, freeFromOutput } from "./memory";
import { Conn, Entry, Out, Place } from "../shared/abi";

/** Whether the bytes of `block` are elsewhere. */
@inline
function isReference(block: usize): bool {
  return <usize>load<u32>(block, Out.Start) != block + Out.Data;
}

/** Most bytes that one block holds. */
@inline
export function blockCapacity(): u32 {
  return load<u32>(Place.BlockBytes) - Out.Data;
}

/** Free bytes at the end of the chain's last block. */
@inline
export function room(tail: usize): u32 {
  if (isReference(tail)) return 0;
  return blockCapacity() - load<u32>(tail, Out.Length);
}

/**
 * Makes sure that `length` bytes fit after the last byte of the chain whose words are at `chain`.
 *
 * @returns the address to write them to; 0 when no block is left or one block cannot hold them
 */
export function reserve(chain: usize, length: u32): usize {
  let tail: usize = load<u32>(chain, 4);
  if (tail == 0 || room(tail) < length) {
    if (length > blockCapacity()) return 0;
    tail = allocateForOutput();
    if (tail == 0) return 0;
    store<u32>(tail, <u32>(tail + Out.Data), Out.Start);
    link(chain, tail, 0);
  }
  return tail + Out.Data + load<u32>(tail, Out.Length);
}

/** Puts `block`, which holds `length` bytes, at the end of the chain. */
@inline
function link(chain: usize, block: usize, length: u32): void {
  store<u32>(block, 0, Out.Next);
  store<u32>(block, length, Out.Length);
  const tail: usize = load<u32>(chain, 4);
  if (tail == 0) store<u32>(chain, <u32>block);
  else store<u32>(tail, <u32>block, Out.Next);
  store<u32>(chain, <u32>block, 4);
}

/**
 * Puts `length` bytes at the end of the output of `conn` that stay where they are, at `source`.
 *
 * @param entry the kept response that they belong to, 0 for none
 * @returns false when there is already a reference in the output
 */
export function refer(conn: usize, source: usize, length: u32, entry: usize): bool {
  const block = conn + Conn.Reference;
  if (load<u32>(block, Out.Start) != 0) return false;
  store<u32>(block, <u32>source, Out.Start);
  store<u32>(block, <u32>entry, Out.Entry);
  link(conn + Conn.OutHead, block, length);
  if (entry != 0) store<u32>(entry, load<u32>(entry, Entry.References) + 1, Entry.References);
  return true;
}

/**
 * Puts the final message of `conn`, of `length` bytes, at the end of its output.
 *
 * @returns false when there is already a reference in the output
 */
export function sendFinal(conn: usize, length: u32): bool {
  return refer(conn, finalMessage(conn), length, 0);
}

/** Frees `block` of a chain. */
export function freeOutBlock(block: usize): void {
  if (!isReference(block)) return freeFromOutput(block);
  const entry: usize = load<u32>(block, Out.Entry);
  if (entry != 0) store<u32>(entry, load<u32>(entry, Entry.References) - 1, Entry.References);
  store<u32>(block, 0, Out.Start);
}

/**
 * Undoes appends: frees everything after the first `length` bytes of the chain's block `tail`, or
 * the whole chain when `tail` is 0.
 */
export function cut(chain: usize, tail: usize, length: u32): void {
  if (tail == 0) {
    freeChain(load<u32>(chain));
    store<u64>(chain, 0);
    return;
  }
  freeChain(load<u32>(tail, Out.Next));
  store<u32>(tail, 0, Out.Next);
  store<u32>(tail, length, Out.Length);
  store<u32>(chain, <u32>tail, 4);
}

/** Frees all blocks of the chain that starts at `block`. */
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
    if (part == 0) part = blockCapacity();
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
 * Moves the content that was set aside to the end of the output: by copying when it fits into the
 * last block (a further write costs more than a copy), otherwise by linking its blocks.
 *
 * @returns the chain for the caller to free, 0 when it was linked
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
