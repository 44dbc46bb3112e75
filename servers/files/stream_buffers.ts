/**
 * Buffers for files that are streamed: large, so that few system calls move much; kept, so that
 * each download does not cost a new one.
 */

/** Bytes of a buffer: what one read takes and one write gives. */
const BUFFER_BYTES = 256 << 10;

/** Buffers kept when nobody uses them. */
const MAX_KEPT = 16;

const kept: Uint8Array<ArrayBuffer>[] = [];

/** A buffer for exclusive use until `giveBuffer`. */
export function takeBuffer(): Uint8Array<ArrayBuffer> {
  return kept.pop() ?? new Uint8Array(BUFFER_BYTES);
}

/** Gives a buffer back; nothing may read or write it any more. */
export function giveBuffer(buffer: Uint8Array<ArrayBuffer>): void {
  if (kept.length < MAX_KEPT) kept.push(buffer);
}
