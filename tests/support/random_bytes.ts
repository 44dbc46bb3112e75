/** Random bytes in any amount, the same for the same seed, without keeping them. */
import { createHash } from "node:crypto";

/** What {@linkcode randomBlocks} yields at a time. */
export const BLOCK_BYTES = 64 << 10;

/** Yields `bytes` pseudo-random bytes in blocks; each is valid until the next is asked for. */
export function* randomBlocks(bytes: number, seed = 1): Generator<Uint8Array<ArrayBuffer>> {
  const words = new Uint32Array(BLOCK_BYTES / 4);
  const block = new Uint8Array(words.buffer);
  // xorshift32 (Marsaglia, 2003); 0 is the one state it never leaves.
  let state = seed | 0 || 1;
  for (let left = bytes; left > 0; left -= BLOCK_BYTES) {
    for (let i = 0; i < words.length; ++i) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    yield left < BLOCK_BYTES ? block.subarray(0, left) : block;
  }
}

/** SHA-256 of the blocks, in hexadecimal digits. */
export function sha256(blocks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const block of blocks) hash.update(block);
  return hash.digest("hex");
}
