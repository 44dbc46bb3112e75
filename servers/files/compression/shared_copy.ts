/** Bytes in shared memory, which threads pass on without copying. */
import type { Original } from "../compress.ts";

/** Copies `bytes` into shared memory. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/**
 * The bytes of `original` in shared memory.
 *
 * @returns `undefined` when they cannot be read; the answer's own read reports the reason
 */
export function readShared(original: Original): Uint8Array | undefined {
  try {
    const bytes = original.read();
    return bytes && sharedCopy(bytes);
  } catch {
    return undefined;
  }
}
