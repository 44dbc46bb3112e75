/**
 * Memory for system calls: addresses, and pointer objects for FFI.
 *
 * Neither an address nor a pointer object keeps memory alive or in place. They are valid for memory
 * that does not move: an ArrayBuffer, as long as it is reachable, and shared WebAssembly memory
 * with a fixed maximum.
 */
import { libc } from "./libc.ts";

/** A pointer for FFI. */
export type Pointer = Deno.PointerObject;

/** A typed array, or a DataView, over memory of either kind. */
type View = ArrayBufferView<ArrayBufferLike>;

const TWO_32 = 2 ** 32;

/** `view` as a `"buffer"` argument, which may be of shared memory, too. */
function bytesOf(view: View): Uint8Array<ArrayBuffer> {
  // V8 keeps small arrays inside its heap, where they move, until their buffer is asked for.
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

/** A pointer to the first byte of `view`, which the caller keeps reachable as long as it is used. */
export function pointerOf(view: View): Pointer {
  const bytes = bytesOf(view);
  return libc().calls.pointerOf(bytes, bytes, 0)!;
}

/** The address of the first byte of `view`, which the caller keeps reachable. */
export function addressOf(view: View): number {
  const bytes = bytesOf(view);
  return Number(libc().calls.addressOf(bytes, bytes, 0));
}

/**
 * The lower 32 bits of an address: structures are written as 32-bit words, because 64-bit ones
 * would be BigInts.
 */
export function lowWord(address: number): number {
  return address % TWO_32;
}

/** The upper 32 bits of an address. */
export function highWord(address: number): number {
  return Math.floor(address / TWO_32);
}

/**
 * Pointers that are cached by default, as an exponent of two; enough for ten thousand connections.
 */
const DEFAULT_KEPT_BITS = 14;

/**
 * Pointers into one memory. Making one takes 40 ns, finding it again 1 ns, so the latest ones are
 * cached, in a fixed number however many connections there were.
 */
export class MemoryPointers {
  /** The address of offset 0. */
  readonly base: number;
  /** Keeps the memory reachable. */
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** `#pointers[i]` points to offset `#offsets[i]`. */
  readonly #offsets: Float64Array;
  readonly #pointers: Pointer[];
  readonly #shift: number;

  /**
   * @param memory the whole memory, which must not move
   * @param keptBits how many pointers are cached, as an exponent of two, at least 1
   */
  constructor(memory: Uint8Array<ArrayBufferLike>, keptBits = DEFAULT_KEPT_BITS) {
    this.#bytes = bytesOf(memory);
    this.base = addressOf(memory);
    this.#offsets = new Float64Array(1 << keptBits).fill(-1);
    this.#pointers = new Array(1 << keptBits).fill(pointerOf(memory));
    this.#shift = 32 - keptBits;
  }

  /** A pointer to byte `offset` of the memory. */
  at(offset: number): Pointer {
    // Fibonacci hashing (Knuth): multiplied by the golden ratio, equidistant offsets spread evenly.
    const i = Math.imul(offset, 0x9e3779b1) >>> this.#shift;
    if (this.#offsets[i] === offset) return this.#pointers[i];
    this.#offsets[i] = offset;
    return this.#pointers[i] = libc().calls.pointerAt(BigInt(this.base + offset), this.#bytes, 0)!;
  }
}
