/**
 * Provided buffers (io_uring_register(2), IORING_REGISTER_PBUF_RING, Linux 5.19): a third ring, in
 * which the process gives buffers to the kernel. A receive takes one only when bytes have arrived,
 * so that idle connections hold none.
 */
import { SystemError } from "../libc.ts";
import { highWord, lowWord } from "../memory.ts";
import type { IoUring } from "./io_uring.ts";
import { Mapping } from "./mapping.ts";
import { BUF_WORDS, Register } from "./structs.ts";

export interface BufferRingOptions {
  /** The group's ID; unique in its ring, below 65,536. */
  group: number;
  /** Bytes of each buffer. */
  bytes: number;
  /**
   * The offset of each buffer in the ring's memory; their number is a power of two, up to 32,768.
   */
  offsets: ArrayLike<number>;
}

/** A group of buffers, all of which the kernel has at first. */
export class BufferRing {
  readonly group: number;
  readonly #ring: IoUring;
  readonly #bytes: number;
  readonly #offsets: Float64Array;
  readonly #mapping: Mapping;
  /** The ring's entries, and their mask. */
  #entries: Int32Array;
  #halves: Uint16Array;
  readonly #mask: number;
  /** Number of buffers given to the kernel so far, modulo 2^16. */
  #tail = 0;

  /**
   * Needs permission for FFI.
   *
   * @throws {SystemError} EINVAL if the number of buffers is no power of two, EEXIST, ENOMEM
   */
  constructor(ring: IoUring, { group, bytes, offsets }: BufferRingOptions) {
    this.group = group;
    this.#ring = ring;
    this.#bytes = bytes;
    this.#offsets = Float64Array.from(offsets);
    this.#mask = offsets.length - 1;
    this.#mapping = new Mapping(offsets.length * BUF_WORDS * 4);
    this.#entries = new Int32Array(this.#mapping.buffer);
    this.#halves = new Uint16Array(this.#mapping.buffer);
    const result = ring.register(Register.PbufRing, this.#registration(offsets.length), 1);
    if (result < 0) {
      this.#mapping.unmap();
      throw new SystemError("io_uring_register(IORING_REGISTER_PBUF_RING)", -result);
    }
    for (let id = 0; id < offsets.length; ++id) this.give(id);
  }

  /** The offset of buffer `id` in the ring's memory. */
  offset(id: number): number {
    return this.#offsets[id];
  }

  /** Returns buffer `id` to the kernel; its bytes must no longer be needed. */
  give(id: number): void {
    const address = this.#ring.addressAt(this.#offsets[id]);
    const at = (this.#tail & this.#mask) * BUF_WORDS;
    this.#entries[at] = lowWord(address);
    this.#entries[at + 1] = highWord(address);
    this.#entries[at + 2] = this.#bytes;
    // Only the lower half of word 3 is written: in entry 0 the upper half is the tail.
    this.#halves[2 * at + 6] = id;
    this.#halves[TAIL_HALF] = ++this.#tail;
  }

  /** Takes all buffers back. No receive may use the group any more. */
  close(): void {
    this.#ring.register(Register.UnregisterPbufRing, this.#registration(0), 1);
    this.#entries = new Int32Array(0);
    this.#halves = new Uint16Array(0);
    this.#mapping.unmap();
  }

  /** A `struct io_uring_buf_reg`: address, number of entries, group. */
  #registration(count: number): Int32Array<ArrayBuffer> {
    const words = new Int32Array(new ArrayBuffer(40));
    if (count > 0) {
      words[0] = lowWord(this.#mapping.address);
      words[1] = highWord(this.#mapping.address);
    }
    words[2] = count;
    words[3] = this.group;
    return words;
  }
}

/** Index of the ring's tail, in half words: the upper half of word 3. */
const TAIL_HALF = 7;
