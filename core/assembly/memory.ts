/**
 * Linear memory: which bytes are used for what.
 *
 *   0        1 KiB                32 KiB            128 KiB
 *   +--------+--------------------+-----------------+-----------+---------+---------+-- ... --+
 *   | unused | constant tables    | limits, date,   | kept      | block 0 | block 1 |         |
 *   |        | (asc static data)  | canned response | responses |         |         |         |
 *   +--------+--------------------+-----------------+-----------+---------+---------+-- ... --+
 *
 * The memory is shared, imported, and never grows: views of it stay valid, and several instances
 * (one per Worker) may work on it. Pages that were never touched cost no resident memory.
 *
 * A connection owns one block while it lives:
 *
 *   +----------------+-------------------------+-----------------------+-------+---------------+
 *   | Conn record    | field table             | input: received bytes | slack | final message |
 *   | 320 bytes      | 8 bytes x MaxHeaders    | Base ... Limit        | 64    | 512           |
 *   +----------------+-------------------------+-----------------------+-------+---------------+
 *
 * The room for the final message lets a connection be refused when no other block is left.
 *
 * Output is held in chains of blocks, see `output.ts`. A connection without output to send owns
 * none. `OutputLeft` bounds the blocks that hold output, so that the others are left to
 * connections.
 */
import { Place } from "../shared/abi";

/**
 * Takes a block from the free list, or one never used before.
 * A Treiber stack; the tag in the upper half of its head changes with every operation, so that a
 * head that was popped and pushed again between load and compare is noticed (ABA).
 *
 * @returns its address, 0 when all are in use
 */
export function allocateBlock(): usize {
  let block = popFreeBlock();
  if (block == 0) block = takeFreshBlock();
  if (block != 0) atomic.add<u32>(Place.BlocksUsed, 1);
  return block;
}

function popFreeBlock(): usize {
  let head = atomic.load<u64>(Place.FreeBlocks);
  while (<u32>head != 0) {
    const next = load<u32>(<u32>head);
    const seen = atomic.cmpxchg<u64>(Place.FreeBlocks, head, withTag(head, next));
    if (seen == head) return <u32>head;
    head = seen;
  }
  return 0;
}

function takeFreshBlock(): usize {
  const bytes = load<u32>(Place.BlockBytes);
  let block = atomic.load<u32>(Place.FreshBlock);
  while (load<u32>(Place.BlocksEnd) - block >= bytes) {
    const seen = atomic.cmpxchg<u32>(Place.FreshBlock, block, block + bytes);
    if (seen == block) return block;
    block = seen;
  }
  return 0;
}

/**
 * Takes a block for output.
 *
 * @returns its address, 0 when all that are meant for output are in use
 */
export function allocateForOutput(): usize {
  let left = atomic.load<u32>(Place.OutputLeft);
  while (left != 0) {
    const seen = atomic.cmpxchg<u32>(Place.OutputLeft, left, left - 1);
    if (seen == left) {
      const block = allocateBlock();
      if (block == 0) atomic.add<u32>(Place.OutputLeft, 1);
      return block;
    }
    left = seen;
  }
  return 0;
}

/** Frees a block from `allocateForOutput`. */
export function freeFromOutput(block: usize): void {
  freeBlock(block);
  atomic.add<u32>(Place.OutputLeft, 1);
}

/** The list head `block`, with the tag that follows that of `head`. */
@inline
function withTag(head: u64, block: u32): u64 {
  return (((head >> 32) + 1) << 32) | block;
}

/** Frees `block`. Only its first word is touched. */
export function freeBlock(block: usize): void {
  let head = atomic.load<u64>(Place.FreeBlocks);
  let seen: u64;
  for (;; head = seen) {
    store<u32>(block, <u32>head);
    seen = atomic.cmpxchg<u64>(Place.FreeBlocks, head, withTag(head, <u32>block));
    if (seen == head) break;
  }
  atomic.sub<u32>(Place.BlocksUsed, 1);
}
