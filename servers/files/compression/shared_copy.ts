/** Bytes that threads pass on without copying them. */
import type { Original } from "../compress.ts";

/** `bytes` in shared memory. */
export function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}

/**
 * The bytes of `original` in shared memory.
 *
 * @returns `undefined` when they cannot be read: the answer finds out the reason itself
 */
export function readShared(original: Original): Uint8Array | undefined {
  try {
    const bytes = original.read();
    return bytes && sharedCopy(bytes);
  } catch {
    return undefined;
  }
}
